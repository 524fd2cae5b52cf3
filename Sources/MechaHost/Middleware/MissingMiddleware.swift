import MechaCore
import MechaWire

/// Stands for a step whose component could not be loaded: lets nothing through.
struct MissingMiddleware: HTTPMiddleware {
    private let name: String

    init(_ name: String) { self.name = name }

    var status: ComponentStatus { ComponentStatus(.closed, reason: "the component is not loaded") }
    func start() async throws {}
    func close() async {}

    func judge(_ request: inout MiddlewareRequest) -> MiddlewareVerdict {
        .answer(.refusal(.serviceUnavailable, "the middleware \(name) is not loaded"))
    }
}
