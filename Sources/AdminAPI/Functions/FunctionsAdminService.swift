import MechaCore
import MechaFunctions
import MechaWire
import NIOCore
import NIOHTTP1

/// Deploys, shows and moves the functions of this process, for `mecha fn` and other tools of its owner. For a Unix
/// socket that only the owner can open: there is no token.
///
///     GET    /v1/functions                                  all, in short
///     GET    /v1/functions/{name}                           one, with revisions, aliases, triggers
///     DELETE /v1/functions/{name}
///     POST   /v1/modules                                    body: the module; answers its digest
///     POST   /v1/functions/{name}/revisions                 {digest, abi?, env?, grants?, limits?, ..., alias?, percent?}
///     PUT    /v1/functions/{name}/aliases/{alias}           {weights: {"1": 90}, stickiness?: {header | cookie} | null}
///     DELETE /v1/functions/{name}/aliases/{alias}
///            or {revision, percent?, triggers?} to give one revision a part and the function its triggers
///     POST   /v1/functions/{name}/releases                  {steps, waitMilliseconds?, ..., alias?, revision?}
///     DELETE /v1/functions/{name}/releases/{alias}          ends it; its calls go back
///     POST   /v1/functions/{name}/rollback                  {alias?, revision?}
///     GET    /v1/functions/{name}/usage
///     GET    /v1/functions/{name}/logs?after=0&count=100
///     GET    /v1/usage                                      of all functions
///
/// Errors are `{"errorCode": "ERR_FUNCTIONS_...", "message": ...}`.
public final class FunctionsAdminService: HTTPService {
    private let base: FunctionBase
    /// Where functions answer; nil as long as there is none.
    private let listenerURL: @Sendable () -> String?

    /// Of requests other than modules.
    private static let documentBytesAtMost = 1 << 20

    public init(_ base: FunctionBase, listenerURL: @escaping @Sendable () -> String?) {
        self.base = base
        self.listenerURL = listenerURL
    }

    /// The limit of bodies that a listener for this must have.
    public static let bodyBytesAtMost = FunctionStore.moduleBytesAtMost

    public func handle(_ exchange: ServerExchange) {
        exchange.run { [self] exchange in
            let head = exchange.head
            let isModule = head.uri == "/v1/modules"
            do throws(WireError) {
                let body = try await exchange.collectBody(upTo: isModule ? Self.bodyBytesAtMost : Self.documentBytesAtMost)
                // Disks and compilers would hold up the loop.
                let task = Task.detached { [self] in await answer(head, body) }
                let given = await task.value
                exchange.respond(
                    status: given.status, headers: ["content-type": "application/json"],
                    body: given.status == .noContent ? nil : given.body.buffer)
            } catch {
                exchange.respond(
                    status: error.code == .tooLarge ? .payloadTooLarge : .badRequest, headers: ["content-type": "application/json"],
                    body: Self.error("INVALID", error.message).buffer)
            }
        }
    }

    private struct Answer: Sendable {
        var status = HTTPResponseStatus.ok
        var body = JSON.null
    }

    private func answer(_ head: HTTPRequestHead, _ body: ByteBuffer) async -> Answer {
        do throws(FunctionBaseError) {
            return try await route(head, body)
        } catch {
            let status: HTTPResponseStatus =
                switch error.code {
                case .notFound: .notFound
                case .invalid: .badRequest
                case .conflict: .conflict
                case .refused: .unprocessableEntity
                case .unavailable: .serviceUnavailable
                }
            let code = String(error.code.rawValue.flatMap { $0.isUppercase ? "_\($0)" : $0.uppercased() })
            return Answer(status: status, body: Self.error(code, error.message))
        }
    }

    private static func error(_ code: String, _ message: String) -> JSON {
        ["errorCode": .string("ERR_FUNCTIONS_\(code)"), "message": .string(message)]
    }

    private func route(_ head: HTTPRequestHead, _ body: ByteBuffer) async throws(FunctionBaseError) -> Answer {
        let path = head.uri.prefix { $0 != "?" }
        let query = head.uri.dropFirst(path.count + 1)
        let parts = path.split(separator: "/").map { PercentCoding.decode(String($0)) ?? String($0) }
        switch (head.method, parts.count, parts.first, parts.dropFirst().first, parts.dropFirst(3).first) {
        case (.GET, 2, "v1", "functions", _): return Answer(body: list())
        case (.GET, 2, "v1", "usage", _): return Answer(body: .array(base.functions.map { usage(of: $0) }))
        case (.POST, 2, "v1", "modules", _):
            return Answer(status: .created, body: ["digest": .string(try await base.upload(Array(body.readableBytesView)))])
        case (.GET, 3, "v1", "functions", _): return Answer(body: FunctionDescription(try base.function(parts[2]), listenerURL()).json)
        case (.DELETE, 3, "v1", "functions", _):
            try await base.delete(parts[2])
            return Answer(status: .noContent)
        case (.POST, 4, "v1", "functions", "revisions"): return try await deploy(parts[2], body)
        case (.POST, 4, "v1", "functions", "rollback"): return try await rollback(parts[2], body)
        case (.POST, 4, "v1", "functions", "releases"): return try await release(parts[2], body)
        case (.DELETE, 5, "v1", "functions", "releases"):
            try await base.endRelease(parts[4], of: parts[2])
            return Answer(body: FunctionDescription(try base.function(parts[2]), listenerURL()).json)
        case (.GET, 4, "v1", "functions", "usage"): return Answer(body: usage(of: try base.function(parts[2])))
        case (.GET, 4, "v1", "functions", "logs"): return Answer(body: try logs(parts[2], query))
        case (.PUT, 5, "v1", "functions", "aliases"): return try await setAlias(parts[4], of: parts[2], body)
        case (.DELETE, 5, "v1", "functions", "aliases"):
            try await base.remove(parts[4], of: parts[2])
            return Answer(status: .noContent)
        default: throw FunctionBaseError(.notFound, "there is no \(head.method.rawValue) \(path.prefix(100))")
        }
    }

    // MARK: - What there is

    private func list() -> JSON {
        let url = listenerURL()
        return [
            "hosting": .bool(base.isHosting), "url": url.map { .string($0) } ?? .null,
            "functions": .array(base.functions.map { FunctionDescription($0, url).summary }),
        ]
    }

    private func usage(of function: Function) -> JSON {
        let ledger = function.usage
        let tenant = function.app?.runtime.options.namespace ?? ""
        return .object([
            .init("function", .string(function.name)), .init("tenant", .string(tenant)),
            .init(
                "revisions", .object(ledger.revisions.sorted { $0.key < $1.key }.map { .init(String($0.key), .object($0.value.members)) })),
            .init("earlier", .object(ledger.earlier.members)), .init("total", .object(ledger.total.members)),
        ])
    }

    private func logs(_ name: String, _ query: Substring) throws(FunctionBaseError) -> JSON {
        func number(_ field: String, default fallback: Int) -> Int {
            query.split(separator: "&").first { $0.hasPrefix("\(field)=") }.flatMap { Int($0.dropFirst(field.count + 1)) } ?? fallback
        }
        let lines = try base.function(name).log.lines(after: number("after", default: 0), atMost: max(0, number("count", default: 100)))
        return .array(
            lines.map { line in
                [
                    "number": .integer(line.number), "time": .string(line.time.rfc3339), "level": .string(line.level),
                    "message": .string(line.message),
                ]
            })
    }

    // MARK: - Changes

    private func deploy(_ name: String, _ body: ByteBuffer) async throws(FunctionBaseError) -> Answer {
        let document = try Self.object(body)
        guard let digest = document["digest"]?.stringValue else {
            throw FunctionBaseError(.invalid, "digest is missing; expected that of a module that was posted to /v1/modules")
        }
        let stored = try await base.deploy(name, digest: digest, try FunctionDeployment(document))
        return Answer(
            status: .created,
            body: [
                "revision": .integer(stored.revision.number), "digest": .string(stored.revision.digest),
                "abi": .string(stored.revision.abi.rawValue),
                "function": FunctionDescription(try base.function(name), listenerURL()).json,
            ])
    }

    private func setAlias(_ alias: String, of name: String, _ body: ByteBuffer) async throws(FunctionBaseError) -> Answer {
        let document = try Self.object(body)
        if let revision = document["revision"]?.intValue {
            let percent = document["percent"]?.intValue ?? 100
            guard (0...100).contains(percent) else { throw FunctionBaseError(.invalid, "percent is \(percent); expected 0 to 100") }
            try await base.give(revision, percent: percent, through: alias, of: name, triggers: try FunctionDeployment(document).triggers)
            return Answer(body: FunctionDescription(try base.function(name), listenerURL()).json)
        }
        var weights: [Int: Int] = [:]
        for part in document["weights"]?.objectValue ?? [] {
            guard let revision = Int(part.name), revision > 0, let weight = part.value.intValue else {
                throw FunctionBaseError(
                    .invalid, "weights.\(part.name.prefix(40)) is no weight of a revision; expected numbers, such as {\"1\": 90}")
            }
            weights[revision] = weight
        }
        let wanted = document["stickiness"]
        var stickiness: Stickiness?
        if let wanted, wanted != .null {
            guard let known = Stickiness(wanted) else {
                throw FunctionBaseError(.invalid, "stickiness is not understood; expected {\"header\": name} or {\"cookie\": name}")
            }
            stickiness = known
        }
        try await base.set(alias, of: name, weights: weights, stickiness: stickiness, keepsStickiness: wanted == nil)
        return Answer(body: FunctionDescription(try base.function(name), listenerURL()).json)
    }

    private func release(_ name: String, _ body: ByteBuffer) async throws(FunctionBaseError) -> Answer {
        let document = try Self.object(body)
        try await base.release(
            document["revision"]?.intValue, of: name, through: document["alias"]?.stringValue ?? FunctionState.defaultAlias,
            try ReleasePlan(document))
        return Answer(status: .created, body: FunctionDescription(try base.function(name), listenerURL()).json)
    }

    private func rollback(_ name: String, _ body: ByteBuffer) async throws(FunctionBaseError) -> Answer {
        let document = try Self.object(body)
        try await base.rollback(
            document["alias"]?.stringValue ?? FunctionState.defaultAlias, of: name, to: document["revision"]?.intValue)
        return Answer(body: FunctionDescription(try base.function(name), listenerURL()).json)
    }

    private static func object(_ body: ByteBuffer) throws(FunctionBaseError) -> JSON {
        if body.readableBytes == 0 { return .object([]) }
        do {
            let document = try JSON.parse(body)
            guard document.objectValue != nil else { throw JSONError(offset: 0, problem: "expected an object") }
            return document
        } catch {
            throw FunctionBaseError(.invalid, "the body is not understood: \(error)")
        }
    }
}
