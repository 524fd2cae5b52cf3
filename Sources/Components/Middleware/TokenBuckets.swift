/// Token buckets by key: each holds a second's worth of requests (one at least) and fills up evenly.
struct TokenBuckets {
    /// Buckets kept at most; then the one that was used least recently gives way.
    static let maximumBuckets = 10_000

    private struct Bucket {
        var tokens: Double
        var filledAt: UInt64
    }

    private let perNanosecond: Double
    private let capacity: Double
    private var buckets: [String: Bucket] = [:]
    /// Full buckets tell nothing and are thrown away when the table is full, but not more often than they can fill.
    private var sweptAt: UInt64 = 0

    init(perSecond: Double) {
        perNanosecond = perSecond / 1_000_000_000
        capacity = max(1, perSecond.rounded(.down))
    }

    var count: Int { buckets.count }

    /// Takes a token. Nil when there was one, else the nanoseconds until there will be.
    mutating func take(_ key: String, at now: UInt64) -> Double? {
        var bucket = buckets[key] ?? Bucket(tokens: capacity, filledAt: now)
        if buckets.count >= Self.maximumBuckets, buckets[key] == nil { makeRoom(at: now) }
        if now > bucket.filledAt { bucket.tokens = min(capacity, bucket.tokens + Double(now - bucket.filledAt) * perNanosecond) }
        bucket.filledAt = max(now, bucket.filledAt)
        let isAllowed = bucket.tokens >= 1
        if isAllowed { bucket.tokens -= 1 }
        buckets[key] = bucket
        return isAllowed ? nil : (1 - bucket.tokens) / perNanosecond
    }

    private mutating func makeRoom(at now: UInt64) {
        let fillTime = UInt64(min(capacity / perNanosecond, 1e15))
        if now >= sweptAt + fillTime || sweptAt == 0 {
            sweptAt = now
            buckets = buckets.filter { now < $0.value.filledAt + fillTime }
        }
        guard buckets.count >= Self.maximumBuckets else { return }
        // Of a few, so that no request waits for a search of all; the table has no order, which makes them random ones.
        guard let oldest = buckets.prefix(8).min(by: { $0.value.filledAt < $1.value.filledAt }) else { return }
        buckets[oldest.key] = nil
    }
}
