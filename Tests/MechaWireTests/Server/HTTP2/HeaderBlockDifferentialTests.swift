import MechaTestKit
import NIOCore
import NIOHPACK
import NIOHTTP1
import Testing

@testable import MechaWire

/// What another implementation writes is read as it was meant, and the other way round; anything else is refused.
@Suite struct HeaderBlockDifferentialTests {
    private static let names = [
        ":status", ":method", ":path", "content-type", "grpc-status", "grpc-message", "x-a", "set-cookie", "content-length", "etag",
        "a-name-that-does-not-fit-into-a-small-string", "server", "vary", "date", "grpc-accept-encoding",
    ]

    private static func fields(_ random: inout SeededGenerator) -> HPACKHeaders {
        var fields = HPACKHeaders()
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            let name = names.randomElement(using: &random) ?? "x"
            let value: String
            switch Int.random(in: 0..<4, using: &random) {
            case 0: value = ["0", "200", "404", "418", "application/grpc", ""].randomElement(using: &random) ?? ""
            case 1: value = String(Int.random(in: 0...99_999, using: &random))
            case 2: value = String(repeating: "long ", count: Int.random(in: 0...300, using: &random))
            default:
                let scalars = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                    Character(Unicode.Scalar(UInt32.random(in: 0...0x2ff, using: &random)) ?? "x")
                }
                value = String(scalars)
            }
            let isStatus = name == ":status"
            fields.add(
                name: name, value: isStatus ? "\(Int.random(in: 100...599, using: &random))" : value,
                indexing: [.indexable, .nonIndexable, .neverIndexed].randomElement(using: &random) ?? .indexable)
        }
        return fields
    }

    private static func list(_ fields: HPACKHeaders) -> [String] { fields.map { "\($0.name)=\($0.value)" } }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `blocks of another encoder are read as they were meant`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
        var decoder = HeaderBlockDecoder(listLimitBytes: 1 << 20)
        for _ in 0..<100 {
            let fields = Self.fields(&random)
            var block = ByteBuffer()
            try encoder.encode(headers: fields, to: &block)
            var found: [String] = []
            try block.withUnsafeReadableBytes { bytes in try decoder.decode(bytes) { found.append("\($0.name)=\($0.value)") } }
            #expect(found == Self.list(fields))
            #expect(decoder.table.bytes <= HeaderTable.standardBytes)
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `another decoder reads our blocks as they were meant`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var encoder = HeaderBlockEncoder()
        var decoder = HPACKDecoder(allocator: ByteBufferAllocator(), maxDynamicTableSize: 4_096, maxHeaderListSize: 1 << 20)
        for _ in 0..<100 {
            if Int.random(in: 0..<10, using: &random) == 0 {
                for _ in 0..<Int.random(in: 1...2, using: &random) {
                    let bytes = [0, 64, 200, 4_096, 100_000].randomElement(using: &random) ?? 0
                    encoder.limitTable(to: bytes)
                }
            }
            let fields = Self.fields(&random)
            var block = ByteBuffer()
            encoder.begin(into: &block)
            encoder.append(fields, into: &block)
            #expect(Self.list(try decoder.decodeHeaders(from: &block)) == Self.list(fields))
        }
    }

    @Test func `what every response has is one byte from the second time on`() throws {
        var encoder = HeaderBlockEncoder()
        var block = ByteBuffer()
        for expected in [[0x88, 0x5f], [0x88, 0xbe]] as [[UInt8]] {
            block.clear()
            encoder.begin(into: &block)
            encoder.append([":status": "200", "content-type": "application/grpc"], into: &block)
            #expect(Array(block.readableBytesView.prefix(2)) == expected)
        }
        #expect(block.readableBytes == 2)
    }

    @Test func `heads have lower-case names and nothing about the connection`() throws {
        var encoder = HeaderBlockEncoder()
        var block = ByteBuffer()
        encoder.append(
            status: .ok,
            fields: [
                "Content-Type": "a/b", "Connection": "close", "Keep-Alive": "1", "X-Bad\n": "c", "X-A": "b\nc", "Content-Length": "7",
                "Transfer-Encoding": "chunked",
            ], contentLength: 3, into: &block)
        var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
        let found = Self.list(try decoder.decodeHeaders(from: &block))
        #expect(found == [":status=200", "content-type=a/b", "x-a=b c", "content-length=3"])
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `cut-off and mutated blocks are refused or read, never more than the limits`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
            var decoder = HeaderBlockDecoder(listLimitBytes: 4_000)
            for _ in 0..<3 {
                var block = ByteBuffer()
                try encoder.encode(headers: Self.fields(&random), to: &block)
                var bytes = Array(block.readableBytesView)
                for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
                    bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                bytes.removeLast(Int.random(in: 0...(bytes.count / 4), using: &random))
                var listBytes = 0
                try? bytes.withUnsafeBytes { bytes in try decoder.decode(bytes) { listBytes += $0.listBytes } }
                #expect(listBytes <= 4_000 && decoder.table.bytes <= HeaderTable.standardBytes)
            }
        }
    }
}
