import NIOCore

/// Reads values, one after the other, out of a unit that ``RESPFramer`` found complete.
struct RESPReader {
    private var buffer: ByteBuffer
    /// The same with its reader index at the start, so that what was passed can still be reached.
    private let whole: ByteBuffer
    /// Where the line stands that began the value just read.
    private var lineIndices = 0..<0
    private let limits: RESPLimits

    init(_ unit: ByteBuffer, limits: RESPLimits = RESPLimits()) {
        buffer = unit
        whole = unit
        self.limits = limits
    }

    var isAtEnd: Bool { buffer.readableBytes == 0 }
    /// Index in the unit of the next byte.
    var position: Int { buffer.readerIndex }

    /// If the next value is an error, reads it; else moves nothing.
    mutating func readErrorIfPresent() throws(RESPError) -> RedisServerError? {
        switch buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) {
        case RESPType.error.rawValue, RESPType.bulkError.rawValue: break
        default: return nil
        }
        guard case .error(let error) = try readValue() else { return nil }
        return error
    }

    /// The number of elements of an array, whose elements come next; nil for a null.
    mutating func readArrayHeader() throws(RESPError) -> Int? {
        let header = try readHeader()
        if header.isNull { return nil }
        guard case .aggregate(let count) = header.body else { throw RESPError(.unexpectedType) }
        return count
    }

    /// The bytes of a string of any kind; nil for a null.
    mutating func readBytes() throws(RESPError) -> ByteBuffer? {
        let header = try readHeader()
        if header.isNull { return nil }
        switch (header.type, header.body) {
        case (.bulkString, .bulk(let length)): return try readBulk(length)
        case (.simpleString, .line): return line
        default: throw RESPError(.unexpectedType)
        }
    }

    /// A string as text; nil for a null.
    mutating func readText() throws(RESPError) -> String? {
        try readBytes().map { String(buffer: $0) }
    }

    mutating func readInteger() throws(RESPError) -> Int64 {
        let header = try readHeader()
        guard header.type == .integer else { throw RESPError(.unexpectedType) }
        return try integer()
    }

    /// Any value with all that it contains.
    mutating func readValue() throws(RESPError) -> RESPValue { try readValue(depth: 0) }

    /// Moves past one value of any kind.
    mutating func skipValue() throws(RESPError) { _ = try readValue(depth: 0) }

    private mutating func readValue(depth: Int) throws(RESPError) -> RESPValue {
        let header = try readHeader(depth: depth)
        if header.isNull { return .null }
        switch header.type {
        case .simpleString, .bigNumber: return .string(line)
        case .error: return .error(RedisServerError(String(buffer: line)))
        case .integer: return .integer(try integer())
        case .null: return .null
        case .boolean: return .boolean(try boolean())
        case .double: return .double(try double())
        case .bulkString, .bulkError, .verbatimString: return try readBulkValue(header)
        case .array, .set, .push, .map, .attribute: return try readAggregate(header, depth: depth)
        }
    }

    private mutating func readBulkValue(_ header: RESPHeader) throws(RESPError) -> RESPValue {
        guard case .bulk(let length) = header.body else { throw RESPError(.unexpectedType) }
        var bytes = try readBulk(length)
        switch header.type {
        case .bulkError: return .error(RedisServerError(String(buffer: bytes)))
        case .verbatimString:
            // Three letters and a colon say how to show the text.
            guard bytes.readSlice(length: 4) != nil else { throw RESPError(.unexpectedType) }
            return .string(bytes)
        default: return .string(bytes)
        }
    }

    private mutating func readAggregate(_ header: RESPHeader, depth: Int) throws(RESPError) -> RESPValue {
        guard case .aggregate(let count) = header.body else { throw RESPError(.unexpectedType) }
        // An element takes three bytes at least, which keeps an announced count from reserving memory.
        guard count <= buffer.readableBytes / 3 else { throw RESPError(.unexpectedType) }
        var elements: [RESPValue] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try readValue(depth: depth + 1)) }
        return header.type == .map ? .map(elements) : .array(elements)
    }

    // MARK: - Lines and bulks

    /// The next header, past any attributes; the reader then stands behind its line.
    private mutating func readHeader(depth: Int = 0) throws(RESPError) -> RESPHeader {
        guard depth <= limits.nestingDepth else { throw RESPError(.limitExceeded("nestingDepth")) }
        while true {
            let outcome: Result<RESPHeader?, RESPError> = buffer.withUnsafeReadableBytes { bytes in
                do throws(RESPError) { return .success(try RESPHeader.read(bytes, at: 0, limits)) } catch { return .failure(error) }
            }
            guard let header = try outcome.get() else { throw RESPError(.unexpectedType) }
            let start = buffer.readerIndex
            lineIndices = start + header.text.lowerBound..<start + header.text.upperBound
            buffer.moveReaderIndex(forwardBy: header.end)
            guard case .attribute(let count) = header.body else { return header }
            for _ in 0..<count { _ = try readValue(depth: depth + 1) }
        }
    }

    private var line: ByteBuffer { whole.getSlice(at: lineIndices.lowerBound, length: lineIndices.count) ?? ByteBuffer() }

    private mutating func readBulk(_ length: Int) throws(RESPError) -> ByteBuffer {
        guard let bytes = buffer.readSlice(length: length), buffer.readableBytes >= 2 else {
            throw RESPError(.unexpectedType)
        }
        buffer.moveReaderIndex(forwardBy: 2)
        return bytes
    }

    private func integer() throws(RESPError) -> Int64 {
        let number = line.withUnsafeReadableBytes { RESPHeader.decimal($0, 0..<$0.count) }
        guard let number else { throw RESPError(.malformedNumber) }
        return number
    }

    private func boolean() throws(RESPError) -> Bool {
        switch String(buffer: line) {
        case "t": return true
        case "f": return false
        default: throw RESPError(.unexpectedType)
        }
    }

    private func double() throws(RESPError) -> Double {
        guard let number = Double(String(buffer: line)) else { throw RESPError(.malformedNumber) }
        return number
    }
}
