import NIOHTTP1

/// Reads the field lines of a head or a trailer section (RFC 9112 section 5), and collects on the way
/// what decides the framing of the message, so that no field has to be searched for afterwards.
struct HTTP1Fields {
    private(set) var fields: [(String, String)] = []

    private(set) var hostCount = 0
    private var hostIndex: Int?
    private(set) var hasValidHost = true
    private(set) var contentLength: Int?
    private(set) var contentLengthCount = 0
    private(set) var transferEncodingCount = 0
    private(set) var isChunked = false
    private(set) var saysClose = false
    private(set) var saysKeepAlive = false
    private(set) var offersH2C = false
    private(set) var connectionNamesSettings = false
    private(set) var connectionNamesUpgrade = false
    private var http2SettingsIndex: Int?
    private(set) var http2SettingsCount = 0
    private(set) var expectation = Expectation.none

    enum Expectation { case none, `continue`, unknown }

    var host: String? { hostIndex.map { fields[$0].1 } }
    var http2Settings: String? { http2SettingsIndex.map { fields[$0].1 } }

    /// Whether a field that frames or routes a message is there; trailers must not carry one.
    var hasFramingField: Bool { contentLengthCount + transferEncodingCount + hostCount > 0 }

    init() { fields.reserveCapacity(8) }

    /// Parses lines that each end in CRLF; `bytes` ends before the empty line.
    mutating func parse(_ bytes: UnsafeRawBufferPointer) throws(HTTP1Violation) {
        var start = 0
        while start < bytes.count {
            // The caller has checked that every line ends in CRLF.
            guard let lineFeed = HTTPCharacters.lineFeed(in: bytes, from: start) else { return }
            try parseLine(bytes.slice(start..<(lineFeed - 1)))
            start = lineFeed + 1
        }
    }

    private mutating func parseLine(_ line: UnsafeRawBufferPointer) throws(HTTP1Violation) {
        if line[0].isBlank { throw HTTP1Violation("a header line starts with a blank (line folding is obsolete)") }
        var colon = 0
        while colon < line.count, HTTPCharacters.isToken(line[colon]) { colon += 1 }
        guard colon > 0, colon < line.count, line[colon] == UInt8(ascii: ":") else {
            throw HTTP1Violation("a header name is empty or has characters that names cannot have")
        }
        let name = line.slice(0..<colon)
        let value = line.slice((colon + 1)..<line.count).trimmed()
        for byte in value where !HTTPCharacters.isFieldValue(byte) {
            throw HTTP1Violation("a header value has a control character")
        }
        try note(name, value)
        fields.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
    }

    /// Looks at the fields that matter to the connection itself; told apart by length first.
    private mutating func note(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(HTTP1Violation) {
        switch name.count {
        case 4 where name.equalsIgnoringCase("host"):
            hostCount += 1
            hostIndex = fields.count
            if !value.allSatisfy(HTTPCharacters.isHost) { hasValidHost = false }
        case 6 where name.equalsIgnoringCase("expect"):
            expectation = value.equalsIgnoringCase("100-continue") ? .continue : .unknown
        case 7 where name.equalsIgnoringCase("upgrade"):
            value.forEachListElement { if $0.equals("h2c") { offersH2C = true } }
        case 10 where name.equalsIgnoringCase("connection"):
            value.forEachListElement { option in
                if option.equalsIgnoringCase("close") { saysClose = true }
                if option.equalsIgnoringCase("keep-alive") { saysKeepAlive = true }
                if option.equalsIgnoringCase("http2-settings") { connectionNamesSettings = true }
                if option.equalsIgnoringCase("upgrade") { connectionNamesUpgrade = true }
            }
        case 14 where name.equalsIgnoringCase("content-length"):
            contentLengthCount += 1
            contentLength = try Self.decimal(value)
        case 14 where name.equalsIgnoringCase("http2-settings"):
            http2SettingsCount += 1
            http2SettingsIndex = fields.count
        case 17 where name.equalsIgnoringCase("transfer-encoding"):
            transferEncodingCount += 1
            isChunked = value.equalsIgnoringCase("chunked")
        default: break
        }
    }

    private static func decimal(_ value: UnsafeRawBufferPointer) throws(HTTP1Violation) -> Int {
        // 18 digits always fit in an Int.
        guard !value.isEmpty, value.count <= 18, value.allSatisfy(\.isDigit) else {
            throw HTTP1Violation("content-length is not one decimal number")
        }
        return value.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
}
