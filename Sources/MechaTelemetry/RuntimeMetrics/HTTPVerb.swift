/// A request method as a label: the standard ones (RFC 9110, RFC 5789), everything else as `UNKNOWN`.
public enum HTTPVerb: UInt8, Sendable, CaseIterable {
    case get, head, post, put, patch, delete, options, connect, trace, unknown

    public init(_ name: String) {
        self =
            switch name {
            case "GET": .get
            case "POST": .post
            case "PUT": .put
            case "DELETE": .delete
            case "HEAD": .head
            case "PATCH": .patch
            case "OPTIONS": .options
            case "CONNECT": .connect
            case "TRACE": .trace
            default: .unknown
            }
    }

    public var label: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .connect: "CONNECT"
        case .trace: "TRACE"
        case .unknown: "UNKNOWN"
        }
    }
}
