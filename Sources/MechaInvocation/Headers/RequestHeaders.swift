import MechaCore
import MechaTelemetry
import NIOHTTP1

/// Builds the head that a call leaves with, in one pass over the head that came in.
package struct RequestHeaders {
    /// What is written beside what came in.
    package struct Additions {
        /// The runtime's own address and host name, for the headers that tell who forwarded; nil adds none.
        package var forwarder: Forwarder?
        package var caller: AppAddress?
        package var callee: AppAddress?
        /// Replaces the trace headers that came in; nil passes them on.
        package var trace: TraceContext?
        /// The app's own token (`APP_API_TOKEN`); only for the app itself.
        package var appToken: String?
        /// Written last: configured headers of an endpoint, marks for a peer.
        package var more: [(String, String)] = []
        /// Whether the callee is part of the mesh and may see ids of apps.
        package var isInsideMesh = true
        package var keepsTE = false
        /// Whether the callee may see which host was asked for.
        package var keepsHost = false
        /// Replaces the `content-length` that came in, where the body is known; nil passes it on.
        package var bodyBytes: Int?

        package init(
            forwarder: Forwarder? = nil, caller: AppAddress? = nil, callee: AppAddress? = nil, trace: TraceContext? = nil,
            appToken: String? = nil, more: [(String, String)] = [], isInsideMesh: Bool = true, keepsTE: Bool = false,
            keepsHost: Bool = false
        ) {
            self.forwarder = forwarder
            self.caller = caller
            self.callee = callee
            self.trace = trace
            self.appToken = appToken
            self.more = more
            self.isInsideMesh = isInsideMesh
            self.keepsTE = keepsTE
            self.keepsHost = keepsHost
        }
    }

    package static func head(
        _ head: HTTPRequestHead, target: String, _ additions: Additions
    ) -> HTTPRequestHead {
        HTTPRequestHead(version: .http1_1, method: head.method, uri: target, headers: headers(head.headers, additions))
    }

    /// The fields alone.
    package static func headers(_ headers: HTTPHeaders, _ additions: Additions) -> HTTPHeaders {
        var fields: [(String, String)] = []
        fields.reserveCapacity(headers.count + 10)
        var connection = ConnectionOptions()
        var forwardedFor: String?
        var forwarded: String?
        for (name, value) in headers {
            switch HeaderRule.of(name) {
            case .keep:
                if additions.bodyBytes != nil, name.equalsIgnoringCase("content-length") { continue }
            case .host where additions.keepsHost: break
            case .drop, .host, .callerAppID, .callerNamespace: continue
            case .connection:
                connection.add(value)
                continue
            case .te:
                if additions.keepsTE, value.equalsIgnoringCase("trailers") { break }
                continue
            case .forwardedFor where additions.forwarder != nil:
                forwardedFor = forwardedFor.map { "\($0), \(value)" } ?? value
                continue
            case .forwarded where additions.forwarder != nil:
                forwarded = forwarded.map { "\($0), \(value)" } ?? value
                continue
            case .forwardedHost where additions.forwarder != nil: continue
            case .forwardedFor, .forwardedHost, .forwarded: break
            case .trace: if additions.trace != nil { continue }
            }
            if !additions.isInsideMesh, name.equalsIgnoringCase("dapr-app-id") { continue }
            fields.append((name, value))
        }
        if !connection.isEmpty { fields.removeAll { connection.contains($0.0) } }
        if let forwarder = additions.forwarder {
            fields.append((HeaderName.forwardedFor, forwardedFor.map { "\($0), \(forwarder.address)" } ?? forwarder.address))
            fields.append((HeaderName.forwardedHost, forwarder.hostName))
            fields.append((HeaderName.forwarded, forwarded.map { "\($0), \(forwarder.element)" } ?? forwarder.element))
        }
        if additions.isInsideMesh {
            if let caller = additions.caller {
                fields.append((HeaderName.callerAppID, caller.appID))
                if !caller.namespace.isEmpty { fields.append((HeaderName.callerNamespace, caller.namespace)) }
            }
            if let callee = additions.callee { fields.append((HeaderName.calleeAppID, callee.appID)) }
        }
        if let trace = additions.trace {
            fields.append((HeaderName.traceparent, trace.traceparent))
            if let state = trace.state { fields.append((HeaderName.tracestate, state.text)) }
        }
        if let token = additions.appToken { fields.append((HeaderName.apiToken, token)) }
        fields += additions.more
        if let bytes = additions.bodyBytes, bytes > 0 { fields.append(("content-length", String(bytes))) }
        return HTTPHeaders(fields)
    }
}

/// This runtime as the headers that tell of forwarding name it (RFC 7239 for `Forwarded`).
public struct Forwarder: Sendable, Hashable {
    /// IP address.
    public let address: String
    public let hostName: String
    /// This hop as an element of `Forwarded`.
    let element: String

    public init(address: String, hostName: String) {
        self.address = address
        self.hostName = hostName
        let node = address.utf8.contains(UInt8(ascii: ":")) ? "\"[\(address)]\"" : address
        element = "for=\(node);by=\(node);host=\(hostName)"
    }
}
