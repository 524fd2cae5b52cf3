import NIOCore

/// Lists as they lie in a guest's memory: a count of 32 bits, then the items; texts and bytes behind a length of 32
/// bits. All numbers are little-endian (docs/function-abi.md).
struct GuestRecords {
    /// Items of one list beyond this are refused.
    static let itemsAtMost = 10_000

    private var bytes: ByteBuffer

    init(_ bytes: ByteBuffer) { self.bytes = bytes }

    /// The items of the list, by `item`. Empty bytes are an empty list.
    static func list<Item>(_ bytes: ByteBuffer, _ what: String, _ item: (inout GuestRecords) -> Item?) throws(GuestFailure) -> [Item] {
        guard bytes.readableBytes > 0 else { return [] }
        var records = GuestRecords(bytes)
        guard let count = records.number() else { throw GuestFailure(.invalid, "\(what): the list is cut off in its count") }
        guard count <= itemsAtMost else {
            throw GuestFailure(.invalid, "\(what): the list has \(count) items; at most \(itemsAtMost) are taken")
        }
        var items: [Item] = []
        for index in 0..<count {
            guard let item = item(&records) else {
                throw GuestFailure(.invalid, "\(what): item \(index) of the list is cut off or of no known kind")
            }
            items.append(item)
        }
        guard records.bytes.readableBytes == 0 else {
            throw GuestFailure(.invalid, "\(what): \(records.bytes.readableBytes) bytes follow the list's \(count) items")
        }
        return items
    }

    mutating func number() -> UInt32? { bytes.readInteger(endianness: .little) }

    mutating func data() -> ByteBuffer? {
        guard let count = number(), Int(count) <= bytes.readableBytes else { return nil }
        return bytes.readSlice(length: Int(count))
    }

    mutating func text() -> String? { data().map { String(buffer: $0) } }

    mutating func pair() -> (name: String, value: String)? {
        guard let name = text(), let value = text() else { return nil }
        return (name, value)
    }

    /// Name and value of each, the later of two of one name.
    static func attributes(_ bytes: ByteBuffer, _ what: String) throws(GuestFailure) -> [String: String] {
        var attributes: [String: String] = [:]
        for (name, value) in try list(bytes, what, { $0.pair() }) { attributes[name] = value }
        return attributes
    }
}

extension ByteBuffer {
    mutating func writeRecord(_ text: String) {
        writeInteger(UInt32(text.utf8.count), endianness: .little)
        writeString(text)
    }

    mutating func writeRecord(_ bytes: ByteBuffer) {
        writeInteger(UInt32(bytes.readableBytes), endianness: .little)
        writeImmutableBuffer(bytes)
    }

    /// A list of names and values.
    init(pairs: [(name: String, value: String)]) {
        self.init()
        writeInteger(UInt32(pairs.count), endianness: .little)
        for (name, value) in pairs {
            writeRecord(name)
            writeRecord(value)
        }
    }
}
