import NIOCore

/// Counts frames that cost a peer little and are not part of a request, in windows of 10 milliseconds.
struct HTTP2ControlRate {
    private static let window = TimeAmount.milliseconds(10)

    let limit: Int
    private var windowEnd = NIODeadline.uptimeNanoseconds(0)
    private var count = 0

    init(limit: Int) { self.limit = limit }

    /// True if it is one too many.
    mutating func frameReceived(at now: NIODeadline) -> Bool {
        if now >= windowEnd {
            windowEnd = now + Self.window
            count = 0
        }
        count += 1
        return count > limit
    }
}
