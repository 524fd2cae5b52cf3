import NIOHTTP1

/// A header or trailer section as it came (RFC 9112 section 5), with what it says about framing.
struct HTTP1FieldSection {
    private(set) var fields: [(String, String)] = []
    private(set) var contentLength: Int?
    private(set) var hasTransferEncoding = false
    /// Whether `chunked` is the last transfer coding.
    private(set) var isChunked = false
    private(set) var saysClose = false
    private(set) var saysKeepAlive = false

    /// Parses field lines from `start` up to the empty line. A line may end with a bare line feed, which
    /// RFC 9112 section 2.2 allows a recipient to accept; folded lines are refused.
    init(parsing bytes: UnsafeRawBufferPointer, from start: Int) throws(WireError) {
        fields.reserveCapacity(16)
        var lineStart = start
        while let lineFeed = HTTPCharacters.lineFeed(in: bytes, from: lineStart) {
            var lineEnd = lineFeed
            if lineEnd > lineStart, bytes[lineEnd - 1] == 0x0d { lineEnd -= 1 }
            if lineEnd == lineStart { return }
            try parseLine(bytes, lineStart, lineEnd)
            lineStart = lineFeed + 1
        }
    }

    private mutating func parseLine(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) throws(WireError) {
        var colon = start
        while colon < end, HTTPCharacters.isToken(bytes[colon]) { colon += 1 }
        guard colon > start, colon < end, bytes[colon] == UInt8(ascii: ":") else {
            throw WireError(.malformed, "a header line has no valid field name")
        }
        var valueStart = colon + 1
        var valueEnd = end
        while valueStart < valueEnd, isBlank(bytes[valueStart]) { valueStart += 1 }
        while valueEnd > valueStart, isBlank(bytes[valueEnd - 1]) { valueEnd -= 1 }
        let name = UnsafeRawBufferPointer(rebasing: bytes[start..<colon])
        let value = UnsafeRawBufferPointer(rebasing: bytes[valueStart..<valueEnd])
        guard !value.hasControlByte else {
            throw WireError(.malformed, "the value of a header holds a control character")
        }
        switch name.count {
        case 10 where name.equalsIgnoringCase("connection"): noteConnection(value)
        case 14 where name.equalsIgnoringCase("content-length"): try noteContentLength(value)
        case 17 where name.equalsIgnoringCase("transfer-encoding"): noteTransferEncoding(value)
        default: break
        }
        fields.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
    }

    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private mutating func noteConnection(_ value: UnsafeRawBufferPointer) {
        for option in Self.listElements(value) {
            if option.equalsIgnoringCase("close") { saysClose = true }
            if option.equalsIgnoringCase("keep-alive") { saysKeepAlive = true }
        }
    }

    /// A list of equal numbers counts as one (RFC 9110 section 8.6); anything else is an error.
    private mutating func noteContentLength(_ value: UnsafeRawBufferPointer) throws(WireError) {
        if contentLength == nil, let length = HTTPCharacters.decimal(value) {
            contentLength = length
            return
        }
        for element in Self.listElements(value) {
            guard let length = HTTPCharacters.decimal(element), contentLength == nil || contentLength == length else {
                throw WireError(.malformed, "content-length is not one number")
            }
            contentLength = length
        }
        if contentLength == nil { throw WireError(.malformed, "content-length is empty") }
    }

    private mutating func noteTransferEncoding(_ value: UnsafeRawBufferPointer) {
        hasTransferEncoding = true
        for element in Self.listElements(value) { isChunked = element.equalsIgnoringCase("chunked") }
    }

    private static func listElements(_ value: UnsafeRawBufferPointer) -> [UnsafeRawBufferPointer] {
        value.split(separator: UInt8(ascii: ",")).map { part in
            var part = part
            while let first = part.first, first == 0x20 || first == 0x09 { part.removeFirst() }
            while let last = part.last, last == 0x20 || last == 0x09 { part.removeLast() }
            return UnsafeRawBufferPointer(rebasing: part)
        }
    }
}
