import MechaTestKit
import NIOCore
import Testing

@testable import MechaWire

@Suite struct GzipTests {
    private static func code(_ body: () throws(GRPCStatus) -> Void) -> GRPCStatus.Code {
        do throws(GRPCStatus) {
            try body()
            return .ok
        } catch {
            return error.code
        }
    }

    @Test(arguments: [0, 1, 100, 16 << 10, 200_000])
    func `what is compressed comes back`(count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count))
        let plain = ByteBuffer(bytes: (0..<count).map { _ in UInt8.random(in: 0...15, using: &random) })
        let compressed = try Gzip.compress(plain)
        #expect(compressed.getBytes(at: 0, length: 2) == [0x1f, 0x8b])
        #expect(try Gzip.decompress(compressed, limitBytes: count) == plain)
    }

    @Test func `a bomb stops at the limit`() throws {
        let bomb = try Gzip.compress(ByteBuffer(repeating: 0, count: 10 << 20))
        #expect(bomb.readableBytes < 20_000)
        #expect(Self.code { () throws(GRPCStatus) in _ = try Gzip.decompress(bomb, limitBytes: 1 << 20) } == .resourceExhausted)
    }

    @Test func `cut-off, empty and lengthened data is no gzip`() throws {
        let good = try Gzip.compress(ByteBuffer(string: "some text to compress"))
        for count in 0..<good.readableBytes {
            let cut = try #require(good.getSlice(at: 0, length: count))
            #expect(Self.code { () throws(GRPCStatus) in _ = try Gzip.decompress(cut, limitBytes: 100) } == .internal)
        }
        var longer = good
        longer.writeString("x")
        #expect(Self.code { () throws(GRPCStatus) in _ = try Gzip.decompress(longer, limitBytes: 100) } == .internal)
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `damaged data never gives more than the limit`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var data = try Gzip.compress(ByteBuffer(bytes: (0..<500).map { UInt8(truncatingIfNeeded: $0 / 7) }))
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            data.setInteger(UInt8.random(in: 0...255, using: &random), at: Int.random(in: 2..<data.readableBytes, using: &random))
        }
        if let plain = try? Gzip.decompress(data, limitBytes: 600) { #expect(plain.readableBytes <= 600) }
    }
}
