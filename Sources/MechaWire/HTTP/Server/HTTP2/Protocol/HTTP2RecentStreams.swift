/// The streams that we reset last: what the peer sent before it knew is not its fault (RFC 9113 section 5.4.2).
struct HTTP2RecentStreams {
    private static let capacity = 128

    private var ids: [UInt32] = []
    private var oldest = 0

    mutating func insert(_ id: UInt32) {
        if ids.count < Self.capacity { return ids.append(id) }
        ids[oldest] = id
        oldest = (oldest + 1) % Self.capacity
    }

    func contains(_ id: UInt32) -> Bool { ids.contains(id) }
}
