import MechaTestKit
import NIOCore
import Testing

@testable import MechaWire

@Suite struct GRPCFrameDecoderTests {
    /// Frames in wire form.
    static func bytes(_ frames: [GRPCFrame]) -> ByteBuffer {
        var bytes = ByteBuffer()
        for frame in frames {
            bytes.writeMultipleIntegers(UInt8(frame.isCompressed ? 1 : 0), UInt32(frame.payload.readableBytes))
            bytes.writeImmutableBuffer(frame.payload)
        }
        return bytes
    }

    static func frame(_ text: String, isCompressed: Bool = false) -> GRPCFrame {
        GRPCFrame(isCompressed: isCompressed, payload: ByteBuffer(string: text))
    }

    static func drain(_ decoder: inout GRPCFrameDecoder) throws -> [GRPCFrame] {
        var frames: [GRPCFrame] = []
        while let frame = try decoder.next() { frames.append(frame) }
        return frames
    }

    @Test func `frames come out as they went in, empty and compressed ones too`() throws {
        let frames = [Self.frame("one"), Self.frame(""), Self.frame("three", isCompressed: true)]
        var decoder = GRPCFrameDecoder(limitBytes: 100)
        decoder.append(Self.bytes(frames))
        #expect(try Self.drain(&decoder) == frames)
        #expect(decoder.isAtBoundary)
    }

    @Test func `a frame is held back until its last byte`() throws {
        var bytes = Self.bytes([Self.frame("hello")])
        var decoder = GRPCFrameDecoder(limitBytes: 100)
        while bytes.readableBytes > 1, let byte = bytes.readSlice(length: 1) {
            decoder.append(byte)
            #expect(try decoder.next() == nil)
            #expect(!decoder.isAtBoundary)
        }
        decoder.append(bytes)
        #expect(try decoder.next() == Self.frame("hello"))
        #expect(decoder.isAtBoundary)
    }

    @Test func `a frame at the limit passes, one beyond fails on its prefix alone`() throws {
        var decoder = GRPCFrameDecoder(limitBytes: 4)
        decoder.append(Self.bytes([Self.frame("four")]))
        #expect(try decoder.next() == Self.frame("four"))
        decoder.append(ByteBuffer(bytes: [0, 0, 0, 0, 5]))
        #expect(throws: GRPCStatus.self) { try decoder.next() }
        decoder.append(Self.bytes([Self.frame("ok")]))
        let again = #expect(throws: GRPCStatus.self) { try decoder.next() }
        #expect(again?.code == .resourceExhausted)
    }

    @Test func `flags that gRPC does not define are an error`() {
        var decoder = GRPCFrameDecoder(limitBytes: 4)
        decoder.append(ByteBuffer(bytes: [2, 0, 0, 0, 0]))
        let error = #expect(throws: GRPCStatus.self) { try decoder.next() }
        #expect(error?.code == .internal)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `however the bytes are cut, the frames are the same`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let frames = (0..<Int.random(in: 1...20, using: &random)).map { _ in
            GRPCFrame(
                isCompressed: Bool.random(using: &random),
                payload: ByteBuffer(
                    bytes: (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }))
        }
        var bytes = Self.bytes(frames)
        var decoder = GRPCFrameDecoder(limitBytes: 300)
        var decoded: [GRPCFrame] = []
        while bytes.readableBytes > 0 {
            let count = Int.random(in: 1...min(bytes.readableBytes, 200), using: &random)
            if let chunk = bytes.readSlice(length: count) { decoder.append(chunk) }
            if Bool.random(using: &random) { decoded += try Self.drain(&decoder) }
        }
        decoded += try Self.drain(&decoder)
        #expect(decoded == frames)
        #expect(decoder.isAtBoundary)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `noise yields frames within the limit or one lasting error`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var decoder = GRPCFrameDecoder(limitBytes: 1 << 16)
        var failure: GRPCStatus.Code?
        for _ in 0..<100 {
            let count = Int.random(in: 0...50, using: &random)
            // Mostly small bytes, so that prefixes are often good.
            decoder.append(ByteBuffer(bytes: (0..<count).map { _ in UInt8.random(in: 0...3, using: &random) / 2 }))
            do throws(GRPCStatus) {
                while let frame = try decoder.next() {
                    #expect(failure == nil)
                    #expect(frame.payload.readableBytes <= 1 << 16)
                }
            } catch {
                #expect(failure == nil || failure == error.code)
                failure = error.code
            }
        }
    }
}
