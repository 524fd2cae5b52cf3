import MechaInvocation
import NIOCore

/// A revision that answers calls.
public protocol LoadedFunction: Sendable {
    var revision: FunctionRevision { get }

    /// Makes one call and leaves the response in it. An error answer of the function is a response.
    ///
    /// - Throws: what was no answer of the function: a broken limit, a trap, no free instance.
    func handle(_ call: BufferedCall, deadline: NIODeadline?) async throws(FunctionError)

    /// How the guest wants to be named in the header `id` of requests (proxy-wasm: what it answers to `proxy_get_id`);
    /// nil for the function's name.
    var routeID: String? { get }

    /// What all calls so far have used.
    var usage: FunctionUsage { get }
    /// Instances that live now.
    var instances: Int { get }

    /// Metrics that the guest keeps (proxy-wasm).
    var guestMetrics: [GuestMetric] { get }

    /// Lets the calls that run end, runs the guest's `destroy` and frees everything. No call may follow.
    func close() async
}

extension LoadedFunction {
    public var routeID: String? { nil }
    public var guestMetrics: [GuestMetric] { [] }
}
