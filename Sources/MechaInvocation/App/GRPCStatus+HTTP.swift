import MechaWire
import NIOHTTP1

// How the statuses of gRPC and HTTP stand for each other in invocation (section 1.3 of the Dapr surface).
extension GRPCStatus.Code {
    /// What an HTTP caller of a gRPC app gets.
    public var httpStatus: HTTPResponseStatus {
        switch self {
        case .ok: .ok
        case .cancelled: .requestTimeout
        case .invalidArgument, .failedPrecondition, .outOfRange: .badRequest
        case .deadlineExceeded: .gatewayTimeout
        case .notFound: .notFound
        case .alreadyExists, .aborted: .conflict
        case .permissionDenied: .forbidden
        case .unauthenticated: .unauthorized
        case .resourceExhausted: .tooManyRequests
        case .unimplemented: .notImplemented
        case .unavailable: .serviceUnavailable
        default: .internalServerError
        }
    }

    /// What a gRPC caller of an HTTP app gets.
    public init(invocationStatus status: HTTPResponseStatus) {
        switch status.code {
        case 200..<300: self = .ok
        case 400: self = .internal
        case 401: self = .unauthenticated
        case 403: self = .permissionDenied
        case 404: self = .notFound
        case 408: self = .cancelled
        case 409: self = .alreadyExists
        case 429: self = .resourceExhausted
        case 501: self = .unimplemented
        case 503: self = .unavailable
        case 504: self = .deadlineExceeded
        default: self = .unknown
        }
    }
}
