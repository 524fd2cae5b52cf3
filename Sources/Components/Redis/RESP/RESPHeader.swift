/// The line that begins every value: its type, and what has to follow.
struct RESPHeader {
    enum Body: Equatable {
        /// Nothing follows: the line is the value (or a null).
        case line
        /// So many bytes and CR LF follow.
        case bulk(Int)
        /// So many values follow.
        case aggregate(Int)
        /// So many values follow that describe the value after them.
        case attribute(Int)
    }

    var type: RESPType
    var body: Body
    /// Offsets of the line's text, without type byte and CR LF.
    var text: Range<Int>
    /// Offset of the first byte after the line.
    var end: Int
    /// Whether this is a null, in RESP2's form (`$-1`, `*-1`) or RESP3's.
    var isNull: Bool

    /// The header that begins at `start`; nil when its line is not complete yet.
    static func read(
        _ bytes: UnsafeRawBufferPointer, at start: Int, _ limits: RESPLimits
    ) throws(RESPError) -> RESPHeader? {
        guard start < bytes.count else { return nil }
        guard let type = RESPType(rawValue: bytes[start]) else { throw RESPError(.unknownType(bytes[start])) }
        var index = start + 1
        let lineEnd = min(bytes.count, index + limits.lineBytes + 2)
        while index < lineEnd, bytes[index] != UInt8(ascii: "\r") { index += 1 }
        guard index + 1 < bytes.count else {
            guard index - start <= limits.lineBytes + 2 else { throw RESPError(.limitExceeded("lineBytes")) }
            return nil
        }
        guard index < lineEnd else { throw RESPError(.limitExceeded("lineBytes")) }
        guard bytes[index + 1] == UInt8(ascii: "\n") else { throw RESPError(.missingTerminator) }
        var header = RESPHeader(type: type, body: .line, text: start + 1..<index, end: index + 2, isNull: type == .null)
        try header.readBody(bytes, limits)
        return header
    }

    private mutating func readBody(_ bytes: UnsafeRawBufferPointer, _ limits: RESPLimits) throws(RESPError) {
        switch type {
        case .simpleString, .error, .integer, .null, .boolean, .double, .bigNumber: return
        case .bulkString, .bulkError, .verbatimString:
            guard let length = try count(bytes) else { return }
            guard length <= limits.bulkBytes else { throw RESPError(.limitExceeded("bulkBytes")) }
            body = .bulk(length)
        case .array, .set, .push:
            guard let elements = try count(bytes) else { return }
            guard elements <= limits.elements else { throw RESPError(.limitExceeded("elements")) }
            body = .aggregate(elements)
        case .map, .attribute:
            guard let pairs = try count(bytes) else { return }
            guard pairs <= limits.elements / 2 else { throw RESPError(.limitExceeded("elements")) }
            body = type == .map ? .aggregate(pairs * 2) : .attribute(pairs * 2)
        }
    }

    /// The number of bytes or values that follow; nil for a null.
    private mutating func count(_ bytes: UnsafeRawBufferPointer) throws(RESPError) -> Int? {
        guard let number = Self.decimal(bytes, text) else { throw RESPError(.malformedNumber) }
        if number == -1, type == .bulkString || type == .array {
            isNull = true
            return nil
        }
        guard number >= 0 else { throw RESPError(.malformedNumber) }
        return Int(number)
    }

    /// A decimal with optional sign; nil when it is none or does not fit.
    static func decimal(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int64? {
        var index = range.lowerBound
        guard index < range.upperBound else { return nil }
        let isNegative = bytes[index] == UInt8(ascii: "-")
        if isNegative || bytes[index] == UInt8(ascii: "+") { index += 1 }
        guard index < range.upperBound else { return nil }
        // Negative all the way, because the smallest number has no positive counterpart.
        var value: Int64 = 0
        while index < range.upperBound {
            let digit = bytes[index] &- 0x30
            guard digit <= 9 else { return nil }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (next, carry) = scaled.subtractingReportingOverflow(Int64(digit))
            guard !overflow, !carry else { return nil }
            value = next
            index += 1
        }
        if isNegative { return value }
        return value == .min ? nil : -value
    }
}
