import MechaCore

/// Name-value pairs that travel with a request (W3C Baggage, https://www.w3.org/TR/baggage/).
///
/// The runtime passes the header on unchanged; this is for code that looks into it or adds to it.
public struct Baggage: Sendable, Equatable {
    public struct Member: Sendable, Equatable {
        public var key: String
        /// Without percent-encoding.
        public var value: String
        /// What follows the value's semicolon, as it is.
        public var properties: String

        public init(key: String, value: String, properties: String = "") {
            self.key = key
            self.value = value
            self.properties = properties
        }
    }

    /// Further members are not read.
    public static let maximumMembers = 64
    /// A longer header is not read.
    public static let maximumBytes = 8_192

    public var members: [Member]

    public init(_ members: [Member] = []) { self.members = members }

    /// Reads a header; members that are not valid are left out.
    public init(header: String) {
        members = []
        guard header.utf8.count <= Self.maximumBytes else { return }
        for part in header.split(separator: ",").prefix(Self.maximumMembers) {
            let pieces = part.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
            guard let equals = pieces[0].firstIndex(of: "=") else { continue }
            let key = pieces[0][..<equals].trimmingBlanks()
            let value = pieces[0][pieces[0].index(after: equals)...].trimmingBlanks()
            guard !key.isEmpty, key.utf8.allSatisfy(Self.isTokenByte), let decoded = Self.percentDecoded(value) else { continue }
            let properties = pieces.count == 2 ? String(pieces[1].trimmingBlanks()) : ""
            members.append(Member(key: String(key), value: decoded, properties: properties))
        }
    }

    public subscript(key: String) -> String? { members.last { $0.key == key }?.value }

    /// The header's value; nil when there is nothing to send.
    public var header: String? {
        guard !members.isEmpty else { return nil }
        return members.map { member in
            "\(member.key)=\(PercentCoding.encode(member.value) { Self.isValueByte($0) && $0 != UInt8(ascii: "%") })"
                + (member.properties.isEmpty ? "" : ";\(member.properties)")
        }.joined(separator: ",")
    }

    /// RFC 9110 token characters.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        case 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e, 0x5e, 0x5f, 0x60, 0x7c, 0x7e: true
        default: false
        }
    }

    /// Bytes that a value may hold unencoded.
    private static func isValueByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x21, 0x23...0x24, 0x26...0x2b, 0x2d...0x3a, 0x3c...0x5b, 0x5d...0x7e: true
        default: false
        }
    }

    /// Nil for an escape that is none and for a byte that may not stand unencoded.
    private static func percentDecoded(_ text: Substring) -> String? {
        guard text.utf8.allSatisfy({ isValueByte($0) || $0 == UInt8(ascii: "%") }) else { return nil }
        return PercentCoding.bytes(of: text.utf8).map { String(decoding: $0, as: UTF8.self) }
    }
}
