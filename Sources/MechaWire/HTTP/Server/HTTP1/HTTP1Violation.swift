import NIOHTTP1

/// What is wrong with bytes that should be an HTTP/1.1 request, and the status that says so.
///
/// After a violation nothing that follows on the connection can be trusted to be a request, so the
/// connection is always closed.
struct HTTP1Violation: Error, Equatable {
    var status: HTTPResponseStatus
    /// Names the rule that was broken; never carries bytes of the request.
    var message: String
    /// The limit that was hit, where it was one.
    var limit: WireLimits.Name?

    init(_ status: HTTPResponseStatus = .badRequest, _ message: String, limit: WireLimits.Name? = nil) {
        self.status = status
        self.message = message
        self.limit = limit
    }

    init(_ message: String) { self.init(.badRequest, message) }
}
