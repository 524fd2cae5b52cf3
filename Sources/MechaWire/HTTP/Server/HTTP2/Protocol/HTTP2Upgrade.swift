import NIOCore
import NIOHPACK
import NIOHTTP1

/// A request of HTTP/1.1 that asked for `Upgrade: h2c` (RFC 7540 section 3.2): it becomes stream 1.
struct HTTP2Upgrade {
    /// The payload of a SETTINGS frame.
    let settings: ByteBuffer
    let headers: HPACKHeaders

    /// The size of a SETTINGS frame before anybody changes it.
    private static let frameBytes = 16 << 10

    /// Nil where the offer cannot be taken up; the request is then served over HTTP/1.1.
    init?(settings: String, request: HTTPRequestHead) {
        guard let settings = Self.base64URL(settings), settings.count % 6 == 0, settings.count <= Self.frameBytes else { return nil }
        self.settings = ByteBuffer(bytes: settings)
        var headers: HPACKHeaders = [":method": request.method.rawValue, ":scheme": "http", ":path": request.uri]
        if let host = request.headers.first(name: "host") { headers.add(name: ":authority", value: host) }
        for (name, value) in request.headers {
            let name = name.lowercased()
            switch name {
            case "host", "connection", "upgrade", "http2-settings", "keep-alive", "proxy-connection", "transfer-encoding", "te": continue
            default: headers.add(name: name, value: value)
            }
        }
        self.headers = headers
    }

    /// Base64 with the URL alphabet and without padding (RFC 4648 section 5).
    private static func base64URL(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var bitCount = 0
        for character in text.utf8 {
            let value: UInt8
            switch character {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = character - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = character - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = character - UInt8(ascii: "0") + 52
            case UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "_"): value = 63
            case UInt8(ascii: "="): continue
            default: return nil
            }
            bits = bits << 6 | UInt32(value)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
            }
        }
        return bytes
    }
}
