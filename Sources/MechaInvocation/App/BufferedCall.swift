/// A call with whole bodies on its way to an app and back: one object, since the request and the response are large and
/// would lie in the frame of every function that hands them on.
///
/// Used by one task at a time, hence the unchecked Sendable.
public final class BufferedCall: @unchecked Sendable {
    public var request: AppRequest
    /// The app's own answer, an error perhaps; set before whoever was asked to answer returns.
    public var response = AppResponse(.http(.internalServerError))

    /// Whether the caller sent metadata of gRPC, whatever became of it since.
    public let isOfGRPC: Bool

    public init(_ request: AppRequest) {
        self.request = request
        isOfGRPC = request.carriesMetadata
    }
}
