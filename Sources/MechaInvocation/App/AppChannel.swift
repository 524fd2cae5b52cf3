import MechaWire
import NIOCore

/// The way from the runtime to an app: an HTTP app, a gRPC app, and later a function in this process.
///
/// A channel only carries. Who may call, how many at once and whether the app is well is decided before,
/// by ``LocalApp``.
public protocol AppChannel: Sendable {
    /// What the app speaks.
    var appProtocol: AppProtocol { get }

    /// Carries a streamed call to the app. On the exchange's loop; `owner` hears of the end.
    func forward(_ call: StreamedCall, owner: any CallOwner)

    /// Makes one call with its whole body in memory. An error answer of the app is a response.
    func invoke(_ request: AppRequest, deadline: NIODeadline?) async throws(InvocationError) -> AppResponse

    /// Asks the app how it is; the HTTP status (gRPC apps: 200 for OK, else 503), or nil without an answer.
    func probe(path: String, timeout: TimeAmount) async -> Int?

    /// Whether somebody listens at the app's port.
    func isReachable(timeout: TimeAmount) async -> Bool
}
