import MechaCore

/// What keeps a caller on the revision that it got first, as long as the weights let it.
public enum Stickiness: Sendable, Hashable {
    /// Calls with the same value of this header.
    case header(String)
    /// Browsers: a cookie of this name is set where it is missing.
    case cookie(String)

    public var json: JSON {
        switch self {
        case .header(let name): ["header": .string(name)]
        case .cookie(let name): ["cookie": .string(name)]
        }
    }

    /// Nil when it names neither, or a name that no header or cookie can have.
    public init?(_ json: JSON) {
        if let name = json["header"]?.stringValue, Self.isToken(name) {
            self = .header(name)
        } else if let name = json["cookie"]?.stringValue, Self.isToken(name) {
            self = .cookie(name)
        } else {
            return nil
        }
    }

    /// RFC 9110 section 5.6.2, of which cookie names are made too.
    package static func isToken(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 128
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
                case 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e, 0x5e...0x60, 0x7c, 0x7e: true
                default: false
                }
            }
    }
}
