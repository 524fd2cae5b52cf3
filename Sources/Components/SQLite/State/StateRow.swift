import MechaCore
import NIOCore

/// How entries become columns and columns entries.
enum StateRow {
    /// Text stays text, so that people and other programs can read it; other bytes are stored in base 64
    /// with `is_binary` set, as Dapr does.
    static func columns(_ value: ByteBuffer) -> (value: SQLiteValue, isBinary: SQLiteValue) {
        value.withUnsafeReadableBytes { bytes in
            let isPlain = bytes.allSatisfy { $0 != 0 && $0 < 0x80 }
            if isPlain || (!bytes.contains(0) && String(validating: bytes, as: UTF8.self) != nil) {
                return (.utf8(value), .integer(0))
            }
            return (.text(Base64.encode(bytes)), .integer(1))
        }
    }

    /// Reads the columns key, value, is_binary, etag, expiration_time. Nil when the entry is expired.
    static func entry(_ row: SQLiteStatement, at now: Timestamp) throws -> StateEntry? {
        let expiresAt = row.isNull(4) ? nil : Timestamp(rfc3339: row.text(4) + "Z")
        if let expiresAt, expiresAt <= now { return nil }
        return StateEntry(value: try value(row), etag: row.text(3), expiresAt: expiresAt)
    }

    private static func value(_ row: SQLiteStatement) throws -> ByteBuffer {
        guard row.integer(2) != 0 else { return row.buffer(1) }
        guard let bytes = Base64.decode(row.text(1)) else {
            throw CapabilityError(.backend, "a stored value is marked as binary but is not base 64")
        }
        return ByteBuffer(bytes: bytes)
    }

    /// A moment as the table stores it, in UTC with milliseconds: `2026-11-21 10:00:00.25`. Such texts
    /// compare as the moments do, also with those of whole seconds that Dapr writes.
    static func text(_ moment: Timestamp) -> String {
        var moment = moment
        moment.nanoseconds -= moment.nanoseconds % 1_000_000
        let text = moment.rfc3339
        return "\(text.prefix(10)) \(text.dropFirst(11).dropLast())"
    }
}
