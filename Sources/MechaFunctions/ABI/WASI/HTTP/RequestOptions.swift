/// Times that a component allows for a request of its own, in nanoseconds. The longest of them ends it.
final class RequestOptions: @unchecked Sendable {
    var connect: UInt64?
    var firstByte: UInt64?
    var betweenBytes: UInt64?

    /// The answer comes as a whole, so what is allowed until its first byte holds for all of it.
    var nanoseconds: UInt64? { firstByte ?? betweenBytes }
}
