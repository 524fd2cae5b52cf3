/// Reads header blocks of one connection (RFC 7541), in the order in which they come.
struct HeaderBlockDecoder {
    /// Either ends the connection: the two ends' tables would not be the same any more.
    enum Failure: Error {
        /// Not a header block.
        case malformed
        /// More fields than ``listLimitBytes``.
        case tooLarge
    }

    /// Size of the fields of a block beyond which it is not read on.
    let listLimitBytes: Int
    private(set) var table = HeaderTable()
    /// Where compressed strings are spelled out.
    private var text: [UInt8] = []
    /// What is kept of it for the next string.
    private static let keptTextBytes = 1 << 10

    init(listLimitBytes: Int) { self.listLimitBytes = listLimitBytes }

    mutating func decode(_ block: UnsafeRawBufferPointer, _ take: (HeaderField) -> Void) throws(Failure) {
        var input = Input(bytes: block)
        var listBytes = 0
        while let byte = input.peek() {
            let field: HeaderField
            switch byte {
            case 0x80...:
                field = try self.field(at: try input.integer(prefixBits: 7))
            case 0x40...:
                field = try literal(from: &input, prefixBits: 6)
                table.insert(field)
            case 0x20...:
                // Only before the first field (section 4.2).
                guard listBytes == 0 else { throw .malformed }
                let limit = try input.integer(prefixBits: 5)
                guard limit <= HeaderTable.standardBytes else { throw .malformed }
                table.resize(to: limit)
                continue
            default:
                field = try literal(from: &input, prefixBits: 4)
            }
            listBytes += field.listBytes
            guard listBytes <= listLimitBytes else { throw .tooLarge }
            take(field)
        }
    }

    private func field(at index: Int) throws(Failure) -> HeaderField {
        let known = StaticHeaderTable.fields
        guard index > 0 else { throw .malformed }
        if index <= known.count { return known[index - 1] }
        guard index - known.count <= table.count else { throw .malformed }
        return table[index - known.count - 1]
    }

    private mutating func literal(from input: inout Input, prefixBits: Int) throws(Failure) -> HeaderField {
        let index = try input.integer(prefixBits: prefixBits)
        if index > 0 {
            let named = try field(at: index)
            return try string(from: &input) { HeaderField(name: named.name, role: named.role, value: $0) }
        }
        let (name, role) = try string(from: &input) { (String(decoding: $0, as: UTF8.self), HeaderField.role(of: $0)) }
        guard !name.isEmpty else { throw .malformed }
        return try string(from: &input) { HeaderField(name: name, role: role, value: $0) }
    }

    /// Gives `make` the bytes of a string (section 5.2).
    private mutating func string<Made>(
        from input: inout Input, _ make: (UnsafeRawBufferPointer) -> Made
    ) throws(Failure) -> Made {
        guard let first = input.peek() else { throw .malformed }
        let bytes = try input.take(try input.integer(prefixBits: 7))
        guard first & 0x80 != 0 else { return make(bytes) }
        text.removeAll(keepingCapacity: text.capacity <= Self.keptTextBytes)
        guard HuffmanCode.standard.decode(bytes, into: &text) else { throw .malformed }
        return text.withUnsafeBytes(make)
    }

    /// The part of a block that is still to be read.
    private struct Input {
        let bytes: UnsafeRawBufferPointer
        var position = 0

        @inline(__always)
        func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

        /// The low bits of the next byte, and those after it if they are all set (section 5.1).
        @inline(__always)
        mutating func integer(prefixBits: Int) throws(Failure) -> Int {
            guard let first = peek() else { throw .malformed }
            position += 1
            let mask = 1 << prefixBits - 1
            let value = Int(first) & mask
            return value < mask ? value : try longInteger(from: value)
        }

        private mutating func longInteger(from start: Int) throws(Failure) -> Int {
            var value = start
            // Nothing here has a length or an index of more than 28 bits.
            for shift in stride(from: 0, to: 28, by: 7) {
                guard let byte = peek() else { throw .malformed }
                position += 1
                value += Int(byte & 0x7f) << shift
                if byte & 0x80 == 0 { return value }
            }
            throw .malformed
        }

        mutating func take(_ count: Int) throws(Failure) -> UnsafeRawBufferPointer {
            guard count <= bytes.count - position else { throw .malformed }
            defer { position += count }
            return bytes.slice(position..<(position + count))
        }
    }
}
