import MechaCore
import NIOCore
import NIOHTTP1

/// The admin API of the runtime process that hosts functions on this machine.
struct FunctionsAPI: Sendable {
    private let api: LocalAPI
    /// An app of that process, for messages.
    let appID: String

    /// The process to speak with: the one that serves `appID`; without, the one that hosts functions, else one that
    /// could, a `serve` first. Throws when no runtime runs.
    static func find(appID: String?, in context: CommandContext) async throws(CommandError) -> FunctionsAPI {
        let clock = ContinuousClock()
        let end = clock.now + startPatience
        while true {
            do throws(CommandError) {
                return try await look(appID, in: context)
            } catch {
                // A script may have started the runtime on the line before.
                guard clock.now < end, (try? await Task.sleep(for: lookPause)) != nil else { throw error }
            }
        }
    }

    private static let startPatience = Duration.seconds(1)
    private static let lookPause = Duration.milliseconds(50)

    private static func look(_ appID: String?, in context: CommandContext) async throws(CommandError) -> FunctionsAPI {
        let records = RunRecordStore(folder: context.folders.runRecords).running().filter { $0.adminSocket != nil }
        if let appID {
            let app = try RunningApp.find(appID, in: RunRecordStore(folder: context.folders.runRecords))
            guard let socket = app.record.adminSocket else { throw CommandError("The runtime of \(appID) takes no functions") }
            return FunctionsAPI(socket, appID, context)
        }
        let candidates = records.compactMap { record in
            record.adminSocket.map { (api: FunctionsAPI($0, record.apps.first?.appID ?? "", context), isServe: record.isServe) }
        }
        guard let first = candidates.first else {
            throw CommandError("No runtime runs here that could host functions", hint: "start one with: mecha serve")
        }
        if candidates.count == 1 { return first.api }
        for candidate in candidates {
            if let list = try? await candidate.api.get("/v1/functions"), list["hosting"]?.boolValue == true { return candidate.api }
        }
        return candidates.first { $0.isServe }?.api ?? first.api
    }

    private init(_ socket: String, _ appID: String, _ context: CommandContext) {
        api = LocalAPI(address: .socket(socket), environment: [:])
        self.appID = appID
    }

    func get(_ path: String) async throws(CommandError) -> JSON { try await call(.GET, path) }

    func call(_ method: HTTPMethod, _ path: String, _ document: JSON? = nil) async throws(CommandError) -> JSON {
        try await send(method, path, document?.buffer, "application/json")
    }

    /// Posts a module; its digest.
    func upload(_ module: [UInt8]) async throws(CommandError) -> String {
        let answer = try await send(.POST, "/v1/modules", ByteBuffer(bytes: module), "application/wasm")
        guard let digest = answer["digest"]?.stringValue else { throw CommandError("The runtime's answer is not understood") }
        return digest
    }

    private func send(_ method: HTTPMethod, _ path: String, _ body: ByteBuffer?, _ type: String) async throws(CommandError) -> JSON {
        let answer = try await api.call(method, path, headers: ["content-type": type], body: body)
        let document = answer.body.readableBytes == 0 ? JSON.null : (try? JSON.parse(answer.body)) ?? .null
        guard answer.isSuccess else {
            throw CommandError(document["message"]?.stringValue ?? "the runtime answered \(answer.status.code) \(answer.text)")
        }
        return document
    }

    static func path(_ name: String, _ rest: String = "") -> String { "/v1/functions/\(PercentCoding.encode(name))\(rest)" }
}
