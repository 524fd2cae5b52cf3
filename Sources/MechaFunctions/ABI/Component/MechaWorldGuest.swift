import MechaInvocation
import MechaWasm
import NIOCore
import NIOHTTP1

/// A component of the world `mecha:function` (guests/wit/function.wit).
final class MechaWorldGuest: ComponentGuest, @unchecked Sendable {
    private var handleFunction: ComponentInstance.Export?

    override func setUp() async throws(WasmError) {
        try await super.setUp()
        handleFunction = instance.function("handle", of: MechaWorld.handler)
    }

    override func start() async throws(WasmError) { try await run("start") }

    override func destroy() async throws(WasmError) { try await run("destroy") }

    private func run(_ name: String) async throws(WasmError) {
        guard let function = instance.function(name, of: MechaWorld.life) else { return }
        beginCall()
        let result = try await instance.call(function, [], hasResult: true)
        flushLines()
        if case .failure(let reason)? = result { throw failure("the function's \(name) failed: \(Self.text(reason))") }
    }

    override func handle(_ request: AppRequest) async throws(WasmError) -> AppResponse {
        guard let handleFunction else { throw failure("the component exports no function handle") }
        beginCall()
        self.request = request
        defer { self.request = nil }
        let result = try await instance.call(handleFunction, [Self.value(of: request)], hasResult: true)
        flushLines()
        switch result {
        case .ok(let answer?):
            do {
                return try response(answer)
            } catch let error as FunctionError {
                throw WasmError(.trapped, error.message, cause: error)
            } catch {
                throw failure("the function's response cannot be read: \(error)")
            }
        case .failure(let reason): throw failure("the function's handle failed: \(Self.text(reason))")
        default: throw failure("the function's handle answered nothing")
        }
    }

    private static func text(_ reason: ComponentValue?) -> String { (try? reason?.string) ?? "it does not say why" }

    private static func value(of request: AppRequest) -> ComponentValue {
        var headers = request.headers.map { (name: $0.name, value: $0.value) }
        if let type = request.contentType, !request.headers.contains(name: "content-type") { headers.append(("content-type", type)) }
        return .record([
            ("method", .string(request.verb?.rawValue ?? "POST")), ("target", .string(request.method.target)),
            ("headers", ComponentValue(pairs: headers)), ("body", .bytes(request.body)),
            ("caller", .option(request.caller.map { .string($0.appID) })),
            ("traceparent", .option(request.trace.map { .string($0.traceparent) })),
        ])
    }

    private func response(_ answer: ComponentValue) throws -> AppResponse {
        let status = Int(clamping: try answer.field("status").number)
        guard (200...599).contains(status) else { throw FunctionError(.failed, "\(status) is no status of a response") }
        let fields = GuestFields()
        do {
            for (name, value) in try answer.field("headers").pairs { try fields.append(name, ByteBuffer(string: value)) }
        } catch let problem as GuestFields.Problem {
            throw FunctionError(.failed, "a header of the response is refused: \(problem.rawValue)")
        }
        let body = try answer.field("body").bytes
        guard body.readableBytes <= context.limits.responseBytes else {
            throw FunctionError(.responseTooLarge, "the response is larger than the function's \(context.limits.responseBytes) bytes")
        }
        var response = AppResponse(.http(HTTPResponseStatus(statusCode: status)), headers: fields.headers, body: body)
        response.contentType = response.headers.first(name: "content-type")
        response.headers.remove(name: "content-type")
        return response
    }
}
