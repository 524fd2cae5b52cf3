import NIOCore
import NIOHPACK
import NIOHTTP1

/// The bytes with which an HTTP/1.1 request that asked for `Upgrade: h2c` would have begun an HTTP/2
/// connection: preface, the settings of its `HTTP2-Settings` field, and itself as stream 1.
struct HTTP2UpgradeOpening {
    static let preface = ByteBuffer(staticString: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

    let bytes: ByteBuffer

    private enum FrameType { static let headers: UInt8 = 1, settings: UInt8 = 4 }
    /// END_STREAM and END_HEADERS.
    private static let wholeRequestFlags: UInt8 = 0x5
    /// SETTINGS_MAX_FRAME_SIZE as it is before anybody changes it.
    private static let frameBytes = 16 << 10

    /// Nil where the offer cannot be taken up; the request is then served over HTTP/1.1.
    init?(settings: String, request: HTTPRequestHead) {
        guard let settings = Self.base64URL(settings), settings.count % 6 == 0, settings.count <= Self.frameBytes,
            let block = Self.headerBlock(request), block.readableBytes <= Self.frameBytes
        else { return nil }
        var bytes = Self.preface
        Self.writeFrameHead(FrameType.settings, flags: 0, stream: 0, length: settings.count, into: &bytes)
        bytes.writeBytes(settings)
        Self.writeFrameHead(FrameType.headers, flags: Self.wholeRequestFlags, stream: 1, length: block.readableBytes, into: &bytes)
        bytes.writeImmutableBuffer(block)
        self.bytes = bytes
    }

    private static func writeFrameHead(_ type: UInt8, flags: UInt8, stream: UInt32, length: Int, into bytes: inout ByteBuffer) {
        bytes.writeInteger(UInt8(truncatingIfNeeded: length >> 16))
        bytes.writeInteger(UInt16(truncatingIfNeeded: length))
        bytes.writeInteger(type)
        bytes.writeInteger(flags)
        bytes.writeInteger(stream)
    }

    /// The request in HTTP/2's form. Nothing enters the decoder's dynamic table, of which the client,
    /// who never sent this block, has its own idea.
    private static func headerBlock(_ request: HTTPRequestHead) -> ByteBuffer? {
        var fields = HPACKHeaders()
        func add(_ name: String, _ value: String) { fields.add(name: name, value: value, indexing: .nonIndexable) }
        add(":method", request.method.rawValue)
        add(":scheme", "http")
        add(":path", request.uri)
        if let host = request.headers.first(name: "host") { add(":authority", host) }
        for (name, value) in request.headers {
            let name = name.lowercased()
            switch name {
            case "host", "connection", "upgrade", "http2-settings", "keep-alive", "proxy-connection", "transfer-encoding", "te": continue
            default: add(name, value)
            }
        }
        var block = ByteBuffer()
        var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
        do {
            try encoder.encode(headers: fields, to: &block)
            return block
        } catch {
            return nil
        }
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
