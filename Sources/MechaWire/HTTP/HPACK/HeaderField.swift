/// A field of an HTTP/2 header block, with what its bytes say about it.
///
/// It is looked at once, when it is read, and kept so in the table of the compression: a field that comes with
/// every request costs no further look at its bytes.
struct HeaderField {
    /// What a name means to a server (RFC 9113 sections 8.2 and 8.3).
    enum Role: UInt8 {
        /// Nothing to the connection.
        case ordinary
        case method, scheme, path, authority
        /// A pseudo-header field that requests do not have.
        case foreignPseudo
        case host, contentLength, te, expect
        /// About a connection of HTTP/1.1; HTTP/2 forbids it.
        case connectionSpecific
        /// No name: upper case, or characters that names cannot have.
        case malformed

        var isPseudo: Bool { self == .foreignPseudo || (rawValue >= Self.method.rawValue && rawValue <= Self.authority.rawValue) }
    }

    let name: String
    let value: String
    let role: Role
    /// Whether the value is one that the field may have.
    let isSound: Bool
    /// As the compression and SETTINGS_MAX_HEADER_LIST_SIZE count (RFC 7541 section 4.1).
    let listBytes: Int

    static let blank = HeaderField(name: "", value: "")

    init(name: String, role: Role, value: UnsafeRawBufferPointer) {
        self.name = name
        self.role = role
        self.value = String(decoding: value, as: UTF8.self)
        isSound = Self.isSound(value, role)
        listBytes = name.utf8.count + value.count + 32
    }

    init(name: String, value: String) {
        var (name, value) = (name, value)
        let role = name.withUTF8 { Self.role(of: UnsafeRawBufferPointer($0)) }
        self.name = name
        self.role = role
        isSound = value.withUTF8 { Self.isSound(UnsafeRawBufferPointer($0), role) }
        self.value = value
        listBytes = name.utf8.count + value.utf8.count + 32
    }

    /// Whether a request may end with it: trailers must not frame or route a message (RFC 9113 section 8.1).
    var mayBeTrailer: Bool { isSound && (role == .ordinary || role == .expect) }

    // MARK: - Names

    static func role(of name: UnsafeRawBufferPointer) -> Role {
        if name.first == UInt8(ascii: ":") { return pseudoRole(of: name) }
        switch name.count {
        case 0: return .malformed
        case 2 where name.equals("te"): return .te
        case 4 where name.equals("host"): return .host
        case 6 where name.equals("expect"): return .expect
        case 7 where name.equals("upgrade"): return .connectionSpecific
        case 10 where name.equals("connection") || name.equals("keep-alive"): return .connectionSpecific
        case 14 where name.equals("content-length"): return .contentLength
        case 16 where name.equals("proxy-connection"): return .connectionSpecific
        case 17 where name.equals("transfer-encoding"): return .connectionSpecific
        default: break
        }
        for byte in name where !HTTPCharacters.isToken(byte) || (byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")) {
            return .malformed
        }
        return .ordinary
    }

    private static func pseudoRole(of name: UnsafeRawBufferPointer) -> Role {
        if name.equals(":method") { return .method }
        if name.equals(":scheme") { return .scheme }
        if name.equals(":path") { return .path }
        if name.equals(":authority") { return .authority }
        // What follows the colon may be anything; only ASCII can be a name further up.
        return name.allSatisfy { $0 < 0x80 } ? .foreignPseudo : .malformed
    }

    // MARK: - Values

    private static func isSound(_ value: UnsafeRawBufferPointer, _ role: Role) -> Bool {
        switch role {
        case .method: !value.isEmpty && value.allSatisfy(HTTPCharacters.isToken)
        case .scheme: isScheme(value)
        case .path: isPath(value)
        case .authority, .host: value.allSatisfy(HTTPCharacters.isHost)
        case .contentLength: HTTPCharacters.decimal(value) != nil
        case .te: value.equals("trailers")
        case .ordinary, .expect, .foreignPseudo, .connectionSpecific, .malformed: isFieldValue(value)
        }
    }

    /// RFC 9113 section 8.2.1.
    private static func isFieldValue(_ value: UnsafeRawBufferPointer) -> Bool {
        guard let first = value.first, let last = value.last else { return true }
        return !first.isBlank && !last.isBlank && !value.hasControlByte
    }

    /// A path, or the asterisk of OPTIONS (RFC 9113 section 8.3.1).
    private static func isPath(_ value: UnsafeRawBufferPointer) -> Bool {
        switch value.first {
        case UInt8(ascii: "/"): value.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "#") }
        case UInt8(ascii: "*"): value.count == 1
        default: false
        }
    }

    /// RFC 3986 section 3.1.
    private static func isScheme(_ value: UnsafeRawBufferPointer) -> Bool {
        guard let first = value.first, HTTPCharacters.isLetter(first) else { return false }
        return value.allSatisfy { HTTPCharacters.isLetter($0) || $0.isDigit || $0 == 0x2b || $0 == 0x2d || $0 == 0x2e }
    }
}
