import MechaCore
import NIOCore

/// Reading one key: value and version in one command, the time to live in another behind it. Both go
/// out in one write and come back in one read, which costs less than a script that would join them.
enum RedisStateRead {
    static let replies = 2

    static func encode(_ key: String, _ writer: inout RESPWriter) {
        writer.begin(encoded: "*4\r\n$5\r\nHMGET\r\n")
        writer.write(key)
        writer.append(encoded: "$4\r\ndata\r\n$7\r\nversion\r\n")
        writer.begin(encoded: "*2\r\n$4\r\nPTTL\r\n")
        writer.write(key)
    }

    /// The answer for one key. A success of nil: the key is missing.
    typealias Outcome = Result<StateEntry?, RedisServerError>

    static func decodeOne(_ replies: RedisReplies, _ clock: any MechaClock) throws(CapabilityError) -> Outcome {
        do throws(RESPError) {
            var reader = replies.reader
            return try decode(&reader, clock)
        } catch {
            throw CapabilityError(redis: error)
        }
    }

    /// Reads the two replies for the next key.
    static func decode(_ reader: inout RESPReader, _ clock: any MechaClock) throws(RESPError) -> Outcome {
        if let error = try reader.readErrorIfPresent() {
            try reader.skipValue()
            return .failure(error)
        }
        guard try reader.readArrayHeader() == 2 else { throw RESPError(.unexpectedType) }
        let value = try reader.readBytes()
        let version = try reader.readText()
        if let error = try reader.readErrorIfPresent() { return .failure(error) }
        let remaining = try reader.readInteger()
        // -2: the key vanished between the two commands.
        guard let value, remaining != -2 else { return .success(nil) }
        return .success(StateEntry(value: value, etag: version, expiresAt: expiry(remaining, clock)))
    }

    /// The moment that lies so many milliseconds ahead; nil for a negative number, which stands for never.
    static func expiry(_ milliseconds: Int64, _ clock: any MechaClock) -> Timestamp? {
        milliseconds < 0 ? nil : clock.now() + .milliseconds(milliseconds)
    }
}
