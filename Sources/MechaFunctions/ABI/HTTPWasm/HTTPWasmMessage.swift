import NIOCore
import NIOHTTP1

/// A request or a response as a guest of http-wasm sees and changes it.
struct HTTPWasmMessage {
    var headers = HTTPHeaders()
    var trailers = HTTPHeaders()
    /// What the guest has not read of the body.
    var unread = ByteBuffer()
    /// What it wrote in the body's place.
    var written: ByteBuffer?

    /// Bytes of names and values together beyond which nothing is added.
    static let fieldBytesAtMost = 64 << 10

    func fields(_ isTrailer: Bool) -> HTTPHeaders { isTrailer ? trailers : headers }

    /// Each name once, in lower case, in the order in which they came.
    func names(_ isTrailer: Bool) -> [String] {
        var seen: Set<String> = []
        return fields(isTrailer).map { $0.name.lowercased() }.filter { seen.insert($0).inserted }
    }

    /// Changes the fields; false when they get too large.
    mutating func change(_ isTrailer: Bool, _ body: (inout HTTPHeaders) -> Void) -> Bool {
        var fields = fields(isTrailer)
        body(&fields)
        guard fields.reduce(0, { $0 + $1.name.utf8.count + $1.value.utf8.count }) <= Self.fieldBytesAtMost else { return false }
        if isTrailer { trailers = fields } else { headers = fields }
        return true
    }
}
