import Logging
import MechaCore
import NIOCore

/// The two forms of Dapr's log lines (Dapr surface, section 6.3).
public enum LogFormat: Sendable {
    /// `time="..." level=info msg="..." app_id=... instance=... scope=... type=log ver=...`
    case text
    /// One JSON object per line with the same keys, sorted.
    case json

    /// Appends one whole line.
    func write(
        time: Timestamp, level: Logger.Level, message: String, fields: [LogField], into buffer: inout ByteBuffer
    ) {
        let message = LogLimits.clip(message, LogLimits.maximumMessageBytes)
        let fields = fields.sorted { $0.key < $1.key }
        switch self {
        case .text: Self.writeText(time, level, message, fields, into: &buffer)
        case .json: Self.writeJSON(time, level, message, fields, into: &buffer)
        }
        buffer.writeInteger(UInt8(ascii: "\n"))
    }

    /// Makes the line with which a ``LogWriter`` tells how many lines it had to drop.
    public func describeDrops(
        _ identity: LogIdentity, clock: any MechaClock = SystemClock()
    ) -> @Sendable (UInt64) -> ByteBuffer {
        { count in
            var line = ByteBuffer()
            let fields = identity.fields + [LogField("scope", "dapr.logs"), LogField("type", "log")]
            write(
                time: clock.now(), level: .warning, message: "\(count) log lines dropped because the output was too slow",
                fields: fields, into: &line)
            return line
        }
    }

    private static func writeText(
        _ time: Timestamp, _ level: Logger.Level, _ message: String, _ fields: [LogField], into buffer: inout ByteBuffer
    ) {
        buffer.writeString("time=\"\(time.rfc3339)\" level=\(level.daprName) msg=")
        writeTextValue(message, into: &buffer)
        for field in fields {
            buffer.writeString(" \(field.key)=")
            switch field.value {
            case .string(let text): writeTextValue(text, into: &buffer)
            case .integer(let number): buffer.writeString(String(number))
            }
        }
    }

    /// A value bare when every character is harmless, else quoted with escapes.
    private static func writeTextValue(_ text: String, into buffer: inout ByteBuffer) {
        guard !text.utf8.allSatisfy(isBare) else {
            buffer.writeString(text)
            return
        }
        buffer.writeInteger(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): buffer.writeStaticString("\\\"")
            case UInt8(ascii: "\\"): buffer.writeStaticString("\\\\")
            case UInt8(ascii: "\n"): buffer.writeStaticString("\\n")
            case UInt8(ascii: "\r"): buffer.writeStaticString("\\r")
            case UInt8(ascii: "\t"): buffer.writeStaticString("\\t")
            case 0..<0x20, 0x7f:
                buffer.writeStaticString("\\x")
                buffer.writeInteger(Hex.digit(byte >> 4))
                buffer.writeInteger(Hex.digit(byte & 0xf))
            default: buffer.writeInteger(byte)
            }
        }
        buffer.writeInteger(UInt8(ascii: "\""))
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "/"), UInt8(ascii: "@"),
            UInt8(ascii: "^"), UInt8(ascii: "+"):
            true
        default: false
        }
    }

    private static func writeJSON(
        _ time: Timestamp, _ level: Logger.Level, _ message: String, _ fields: [LogField], into buffer: inout ByteBuffer
    ) {
        var members = fields.map { field in
            switch field.value {
            case .string(let text): JSON.Member(field.key, .string(text))
            case .integer(let number): JSON.Member(field.key, .integer(number))
            }
        }
        members += [
            JSON.Member("level", .string(level.daprName)), JSON.Member("msg", .string(message)),
            JSON.Member("time", .string(time.rfc3339)),
        ]
        JSON.object(members.sorted { $0.name < $1.name }).write(into: &buffer)
    }
}
