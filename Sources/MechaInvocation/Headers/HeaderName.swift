/// Header names that invocation reads or writes, in lower case.
enum HeaderName {
    static let apiToken = "dapr-api-token"
    static let appID = "dapr-app-id"
    static let callerAppID = "dapr-caller-app-id"
    static let callerNamespace = "dapr-caller-namespace"
    static let calleeAppID = "dapr-callee-app-id"
    static let forwarded = "forwarded"
    static let forwardedFor = "x-forwarded-for"
    static let forwardedHost = "x-forwarded-host"
    static let traceparent = "traceparent"
    static let tracestate = "tracestate"

    // Between runtimes only; a runtime neither takes them from an app nor gives them to one.
    static let calleeNamespace = "mecha-callee-namespace"
    static let callKind = "mecha-call-kind"
    static let failure = "mecha-failure"
    static let typeURL = "mecha-type-url"
    static let grpcStatus = "mecha-grpc-status"
}

/// What invocation does with a request header that comes in.
package enum HeaderRule: Equatable {
    case keep
    /// Speaks of one connection only (RFC 9110 section 7.6.1), or is written anew.
    case drop
    case connection
    /// Kept for gRPC, whose `te: trailers` is end-to-end in spirit.
    case te
    case host
    case forwardedFor, forwardedHost, forwarded
    case callerAppID, callerNamespace
    case trace

    /// Names are told apart by length first: for most headers that is all it takes.
    package static func of(_ name: String) -> HeaderRule {
        switch name.utf8.count {
        case 2 where name.equalsIgnoringCase("te"): .te
        case 4 where name.equalsIgnoringCase("host"): .host
        case 7 where name.equalsIgnoringCase("upgrade") || name.equalsIgnoringCase("trailer"): .drop
        case 9 where name.equalsIgnoringCase("forwarded"): .forwarded
        case 10 where name.equalsIgnoringCase("connection"): .connection
        case 10 where name.equalsIgnoringCase("keep-alive"): .drop
        case 10 where name.equalsIgnoringCase("tracestate"): .trace
        case 11 where name.equalsIgnoringCase("traceparent"): .trace
        case 13 where name.equalsIgnoringCase("mecha-failure"): .drop
        case 14 where name.equalsIgnoringCase("mecha-type-url"): .drop
        case 14 where name.equalsIgnoringCase("dapr-api-token") || name.equalsIgnoringCase("http2-settings"): .drop
        case 15 where name.equalsIgnoringCase("x-forwarded-for"): .forwardedFor
        case 15 where name.equalsIgnoringCase("mecha-call-kind"): .drop
        case 16 where name.equalsIgnoringCase("x-forwarded-host"): .forwardedHost
        case 16 where name.equalsIgnoringCase("proxy-connection"): .drop
        case 17 where name.equalsIgnoringCase("transfer-encoding"): .drop
        case 17 where name.equalsIgnoringCase("mecha-grpc-status"): .drop
        case 18 where name.equalsIgnoringCase("dapr-caller-app-id"): .callerAppID
        case 18 where name.equalsIgnoringCase("dapr-callee-app-id"): .drop
        case 18 where name.equalsIgnoringCase("proxy-authenticate"): .drop
        case 19 where name.equalsIgnoringCase("proxy-authorization"): .drop
        case 21 where name.equalsIgnoringCase("dapr-caller-namespace"): .callerNamespace
        case 22 where name.equalsIgnoringCase("mecha-callee-namespace"): .drop
        default: .keep
        }
    }
}
