import MechaCore
import NIOCore

/// What a write means in this store's terms: the arguments of ``RedisStateScripts/set``.
struct RedisStatePlan {
    private let expected: String
    private let ttl: String
    private let value: ByteBuffer
    private let isFirstWrite: Bool

    /// Throws `etagInvalid` for an etag that was never one of this store.
    init(_ write: StateWrite, defaultTTLInSeconds: Int?) throws(CapabilityError) {
        expected = try Self.expectation(write.precondition)
        isFirstWrite = write.concurrency == .firstWrite
        let seconds = write.ttlInSeconds ?? defaultTTLInSeconds ?? 0
        ttl = seconds > 0 ? String(min(seconds, Int(Int32.max))) : ""
        value = write.value
    }

    /// A condition as scripts take it: empty for none.
    static func expectation(_ precondition: StatePrecondition) throws(CapabilityError) -> String {
        switch precondition {
        case .none: return ""
        case .absent: return RedisStateScripts.absent
        case .etag(let etag):
            guard let number = Int64(etag), number > 0 else {
                throw CapabilityError(.etagInvalid, "the etag is not a whole number above zero, as this store's etags are")
            }
            return String(number)
        }
    }

    /// The error for a script that answered 0.
    var refusal: CapabilityError { expected == RedisStateScripts.absent ? .stateAlreadyPresent : .stateEtagMismatch }

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
