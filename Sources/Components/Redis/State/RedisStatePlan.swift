import MechaCore
import NIOCore

/// What a write means in this store's terms: the arguments of ``RedisStateScripts/set``.
struct RedisStatePlan {
    private let expected: String
    private let ttl: String
    private let value: ByteBuffer
    private let isFirstWrite: Bool

    /// The longest time to live, about 3000 years; Redis fails beyond what its milliseconds can hold.
    static let maximumTTLInSeconds = 100_000_000_000

    static let mismatch = CapabilityError(.etagMismatch, "the stored etag is another one")

    init(_ write: StateWrite, defaultTTLInSeconds: Int?) throws(CapabilityError) {
        isFirstWrite = write.concurrency == .firstWrite
        if let version = try Self.version(write.etag) {
            expected = version
        } else {
            expected = isFirstWrite ? RedisStateScripts.absent : ""
        }
        let seconds = write.ttlInSeconds ?? defaultTTLInSeconds ?? -1
        guard seconds <= Self.maximumTTLInSeconds else {
            throw CapabilityError(.invalidArgument, "ttlInSeconds is above \(Self.maximumTTLInSeconds)")
        }
        ttl = seconds > 0 ? String(seconds) : ""
        value = write.value
    }

    /// The version that an etag stands for; nil for no etag. Throws for what was never an etag of this store.
    static func version(_ etag: String?) throws(CapabilityError) -> String? {
        guard let etag, !etag.isEmpty else { return nil }
        guard let number = Int64(etag), number >= 0 else {
            throw CapabilityError(.etagInvalid, "the etag is not a whole number, as this store's etags are")
        }
        return String(number)
    }

    /// Writes the key and the four arguments.
    func encode(_ key: String, _ writer: inout RESPWriter) {
        writer.write(key)
        encodeArguments(&writer)
    }

    func encodeArguments(_ writer: inout RESPWriter) {
        writer.write(expected)
        writer.write(value)
        writer.write(ttl)
        writer.write(isFirstWrite ? "1" : "0")
    }
}
