import NIOCore

/// A field table: names and values in the order in which they were given.
struct AMQPTable: Equatable, Sendable, ExpressibleByDictionaryLiteral {
    private(set) var fields: [(name: String, value: AMQPValue)] = []

    init() {}

    init(dictionaryLiteral elements: (String, AMQPValue)...) { fields = elements.map { (name: $0.0, value: $0.1) } }

    static func == (a: AMQPTable, b: AMQPTable) -> Bool {
        a.fields.elementsEqual(b.fields) { $0.name == $1.name && $0.value == $1.value }
    }

    var isEmpty: Bool { fields.isEmpty }

    subscript(name: String) -> AMQPValue? {
        get { fields.first { $0.name == name }?.value }
        set {
            fields.removeAll { $0.name == name }
            if let newValue { fields.append((name, newValue)) }
        }
    }

    func write(into buffer: inout ByteBuffer) {
        let start = buffer.writerIndex
        buffer.writeInteger(UInt32(0))
        for (name, value) in fields {
            buffer.writeAMQPShortText(name)
            value.write(into: &buffer)
        }
        buffer.setInteger(UInt32(buffer.writerIndex - start - 4), at: start)
    }

    static func read(from buffer: inout ByteBuffer, depth: Int = 0) throws(AMQPError) -> AMQPTable {
        var slice = try buffer.readAMQPLongBytes()
        var table = AMQPTable()
        while slice.readableBytes > 0 {
            let name = try slice.readAMQPShortText()
            table.fields.append((name, try AMQPValue.read(from: &slice, depth: depth)))
        }
        return table
    }
}
