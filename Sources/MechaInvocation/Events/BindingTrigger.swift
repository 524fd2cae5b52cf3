import MechaCore
import MechaTelemetry
import NIOCore

/// An event of an input binding on its way to the app.
public struct BindingTrigger: Sendable {
    /// The binding's name.
    public var binding: String
    /// The path of HTTP apps: the metadata field `route`, or the binding's name.
    public var method: MethodPath
    public var event: BindingEvent
    public var trace: TraceContext?

    public init(binding: String, method: MethodPath, event: BindingEvent, trace: TraceContext? = nil) {
        self.binding = binding
        self.method = method
        self.event = event
        self.trace = trace
    }
}

/// What an app wants done after an event of an input binding.
public struct BindingAnswer: Sendable {
    /// State to be saved.
    public var store: String?
    public var states: [StateWrite]
    /// Output bindings that get ``data``.
    public var destinations: [String]
    /// Whether the destinations may be called at once.
    public var isParallel: Bool
    public var data: ByteBuffer?

    public init(
        store: String? = nil, states: [StateWrite] = [], destinations: [String] = [], isParallel: Bool = false,
        data: ByteBuffer? = nil
    ) {
        self.store = store
        self.states = states
        self.destinations = destinations
        self.isParallel = isParallel
        self.data = data
    }
}
