// MechaLocalStorage (L2): `bindings.localstorage`, files below a folder as an output binding.
// It may import NIO and MechaCore, and no other component.
import MechaCore
import NIOCore
import NIOPosix
import Synchronization

/// `bindings.localstorage`: writes, reads, lists and removes files below `rootPath`, and nowhere else. All file
/// work is done on threads of a pool, never on an event loop.
public final class LocalStorageBinding: OutputBinding {
    private let settings: LocalStorageSettings
    private let folder = Mutex<ConfinedFolder?>(nil)
    private let isClosed = Atomic(false)
    private let underWay = Atomic(0)

    /// Requests being worked on, at most. Beyond: `resourceExhausted`.
    static let maximumRequestsUnderWay = 1_000

    init(settings: LocalStorageSettings) { self.settings = settings }

    public let operations = ["create", "get", "list", "delete"]
    public var status: ComponentStatus { isClosed.load(ordering: .relaxed) ? ComponentStatus(.closed) : .ready }

    public func start() async throws {
        let opened = try await onThread { [settings] in try ConfinedFolder(settings.rootPath) }
        folder.withLock { $0 = opened }
    }

    public func close() async {
        isClosed.store(true, ordering: .relaxed)
        folder.withLock { $0 = nil }
    }

    public func invoke(_ request: BindingRequest) async throws -> BindingResponse {
        guard operations.contains(request.operation) else {
            throw CapabilityError(
                .unsupported, "operation \"\(request.operation)\" is not one of \(operations.joined(separator: ", "))")
        }
        guard let folder = folder.withLock({ $0 }) else { throw CapabilityError(.closed, "the local storage binding is closed") }
        let given = request.value("fileName").flatMap { $0.isEmpty ? nil : $0 } ?? settings.fileName
        switch request.operation {
        case "create":
            let name = given ?? RandomID.uuid()
            let data = try LocalStorageData.bytes(of: request, settings)
            let path = try await onThread { try folder.write(data, to: name) }
            return BindingResponse(data: JSON.object([.init("fileName", .string(path))]).buffer, contentType: "application/json")
        case "get":
            let name = try Self.required(given)
            return BindingResponse(data: try await onThread { try folder.read(name) })
        case "delete":
            let name = try Self.required(given)
            try await onThread { try folder.remove(name) }
            return BindingResponse()
        default:
            let paths = try await onThread { try folder.list(given ?? "") }
            return BindingResponse(data: JSON.array(paths.map { .string($0) }).buffer, contentType: "application/json")
        }
    }

    private static func required(_ name: String?) throws(CapabilityError) -> String {
        guard let name else { throw CapabilityError(.invalidArgument, "the request's metadata names no fileName") }
        return name
    }

    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        defer { underWay.subtract(1, ordering: .relaxed) }
        guard underWay.add(1, ordering: .relaxed).newValue <= Self.maximumRequestsUnderWay else {
            throw CapabilityError(
                .resourceExhausted, "\(Self.maximumRequestsUnderWay) requests of the binding are under way (maximumRequestsUnderWay)")
        }
        return try await NIOThreadPool.singleton.runIfActive(body)
    }
}
