/// gRPC status codes by the names that Dapr's metrics carry.
enum GRPCStatusName {
    static let all = [
        "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists", "PermissionDenied",
        "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable",
        "DataLoss", "Unauthenticated",
    ]

    /// Codes that gRPC does not define count as Unknown.
    static func index(of code: Int) -> Int { all.indices.contains(code) ? code : 2 }
}
