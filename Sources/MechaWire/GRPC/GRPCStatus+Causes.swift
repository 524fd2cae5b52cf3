import NIOHTTP1

// Statuses of failures below gRPC (`statuscodes.md` and `http-grpc-status-mapping.md` of its documentation).
extension GRPCStatus {
    public init(_ error: WireError) {
        let code: Code =
            switch error.code {
            case .connectFailed, .tlsFailed, .connectionClosed, .refused, .closing: .unavailable
            case .cancelled: .cancelled
            case .tooLarge, .overloaded: .resourceExhausted
            case .timeout: .deadlineExceeded
            case .malformed: .internal
            default: .unknown
            }
        self.init(code, error.message)
    }

    /// The status of a response that is not gRPC's, such as a proxy's error page.
    init(httpStatus: HTTPResponseStatus) {
        let code: Code =
            switch httpStatus.code {
            case 400: .internal
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404: .unimplemented
            case 429, 502, 503, 504: .unavailable
            default: .unknown
            }
        self.init(code, "the server answered with HTTP status \(httpStatus.code), not with gRPC")
    }

    static let deadlineExceeded = GRPCStatus(.deadlineExceeded, "the deadline passed")
    static let cancelled = GRPCStatus(.cancelled, "the call was given up")
}
