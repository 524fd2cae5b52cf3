import MechaCore
import MechaWire

/// Takes calls from other runtimes on the internal port and hands them to the apps of this process.
///
/// Who reaches the internal port is trusted to say which app calls; nothing else is believed of a caller.
public final class PeerService: HTTPService {
    /// Lets a call in, or says why not.
    public typealias Authorization =
        @Sendable (_ caller: AppAddress?, _ callee: AppAddress, _ request: StreamedCall) -> InvocationError?

    private let apps: LocalApps
    private let authorize: Authorization?

    /// - Parameter authorize: the callee's access rules; nil lets everybody in.
    public init(apps: LocalApps, authorize: Authorization? = nil) {
        self.apps = apps
        self.authorize = authorize
    }

    public func handle(_ exchange: ServerExchange) {
        let head = exchange.head
        do throws(InvocationError) {
            guard let callee = PeerLink.callee(of: head.headers) else {
                throw InvocationError(.invalidTarget, "the call does not say which app it is for")
            }
            guard let app = apps[callee] else {
                throw InvocationError(.appNotFound, "the app \(callee.appID) is not at this runtime")
            }
            let form = PeerLink.form(of: head.headers)
            let call = StreamedCall(
                exchange, kind: form == .grpc ? .grpcProxy : .invocation, method: try MethodPath(target: head.uri),
                caller: PeerLink.caller(of: head.headers), onFailure: { PeerFailure.respond($0, $1) })
            call.isFromPeer = true
            call.carriesMetadata = form == .metadata || form == .verbless
            call.namesVerb = form != .verbless
            if let refusal = authorize?(call.caller, callee, call) { throw refusal }
            app.forward(call)
        } catch {
            PeerFailure.respond(exchange, error)
        }
    }
}
