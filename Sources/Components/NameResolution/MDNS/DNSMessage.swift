/// A DNS message (RFC 1035 section 4) with the meanings that multicast DNS gives to the top bit of
/// classes (RFC 6762 section 18).
struct DNSMessage: Sendable, Equatable {
    /// RFC 6762 section 17.
    static let maximumBytes = 9_000

    struct Question: Sendable, Equatable {
        var name: DNSName
        var type: RecordType
        /// The asker would rather be answered by unicast.
        var prefersUnicast = false
    }

    struct Record: Sendable, Equatable {
        var name: DNSName
        var secondsToLive: UInt32
        /// This record replaces all that are known of its name and type.
        var isUnique = false
        var data: RecordData
    }

    struct RecordType: RawRepresentable, Sendable, Hashable {
        var rawValue: UInt16
        static let a = RecordType(rawValue: 1)
        static let ptr = RecordType(rawValue: 12)
        static let txt = RecordType(rawValue: 16)
        static let aaaa = RecordType(rawValue: 28)
        static let srv = RecordType(rawValue: 33)
        static let any = RecordType(rawValue: 255)
    }

    enum RecordData: Sendable, Equatable {
        /// Four bytes.
        case a([UInt8])
        /// Sixteen bytes.
        case aaaa([UInt8])
        case ptr(DNSName)
        case srv(port: UInt16, host: DNSName)
        case txt([String])
        case other(RecordType, [UInt8])

        var type: RecordType {
            switch self {
            case .a: .a
            case .aaaa: .aaaa
            case .ptr: .ptr
            case .srv: .srv
            case .txt: .txt
            case .other(let type, _): type
            }
        }
    }

    var id: UInt16 = 0
    var isResponse = false
    /// Zero is a standard query; others are not for us.
    var operation: UInt8 = 0
    var questions: [Question] = []
    var answers: [Record] = []
    var additionals: [Record] = []

    init() {}
}
