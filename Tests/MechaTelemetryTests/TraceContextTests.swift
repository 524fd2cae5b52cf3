import MechaTelemetry
import NIOCore
import Testing

@Suite struct TraceContextTests {
    private let sample = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test func `a traceparent is read and written back`() throws {
        let context = try #require(TraceContext(traceparent: sample))
        #expect(context.traceID == TraceID(high: 0x4bf9_2f35_77b3_4da6, low: 0xa3ce_929d_0e0e_4736))
        #expect(context.spanID == SpanID(0x00f0_67aa_0ba9_02b7))
        #expect(context.isSampled)
        #expect(context.traceparent == sample)
        #expect(context.traceID.hex == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(context.spanID.hex == "00f067aa0ba902b7")
        #expect(TraceContext(traceparent: ByteBuffer(string: sample).readableBytesView) == context)
    }

    @Test(arguments: [
        "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.extra",
    ])
    func `what the recommendation forbids is not a traceparent`(header: String) {
        #expect(TraceContext(traceparent: header) == nil)
    }

    @Test(arguments: [
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff", "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what",
    ])
    func `a future version is read as far as it is known and written as version 00`(header: String) throws {
        #expect(try #require(TraceContext(traceparent: header)).traceparent == sample)
    }

    @Test func `flags that are not defined are not passed on`() throws {
        let context = try #require(TraceContext(traceparent: String(sample.dropLast(2)) + "fe"))
        #expect(!context.isSampled)
        #expect(context.traceparent.hasSuffix("-02"))
    }

    @Test func `random bytes never crash the parser and what it takes it writes back`() {
        var random = SplitMix(state: 42)
        let alphabet = Array("0123456789abcdefABCDEFg-\u{0}é".utf8)
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = Array(sample.utf8)
            for _ in 0..<random.next() % 4 {
                let index = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 3 {
                case 0: bytes[index] = alphabet[Int(random.next() % UInt64(alphabet.count))]
                case 1: bytes.remove(at: index)
                default: bytes.insert(alphabet[Int(random.next() % UInt64(alphabet.count))], at: index)
                }
            }
            let context = bytes.withUnsafeBytes { TraceContext(traceparentBytes: $0) }
            if let context {
                accepted += 1
                #expect(TraceContext(traceparent: context.traceparent) == context)
            }
        }
        #expect(accepted > 1_000)
    }

    @Test func `grpc-trace-bin goes both ways`() throws {
        let context = try #require(TraceContext(traceparent: sample))
        let bytes = context.grpcTraceBin
        #expect(
            bytes == [
                0, 0, 0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36,
                1, 0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7, 2, 1,
            ])
        #expect(TraceContext(grpcTraceBin: bytes) == context)
        #expect(TraceContext(grpcTraceBin: bytes.dropLast(2))?.isSampled == false)
        #expect(TraceContext(grpcTraceBin: bytes + [9, 9]) == context)
    }

    @Test func `a broken grpc-trace-bin is not taken`() throws {
        let bytes = try #require(TraceContext(traceparent: sample)).grpcTraceBin
        for length in 0..<27 { #expect(TraceContext(grpcTraceBin: bytes.prefix(length)) == nil) }
        #expect(TraceContext(grpcTraceBin: bytes.prefix(28)) == nil)
        #expect(TraceContext(grpcTraceBin: [1] + bytes.dropFirst()) == nil)
        #expect(TraceContext(grpcTraceBin: [UInt8](repeating: 0, count: 29)) == nil)
    }

    @Test func `both headers are read together`() {
        #expect(TraceContext(traceparent: sample, tracestate: [])?.state == nil)
        #expect(TraceContext(traceparent: sample, tracestate: ["a=1", "b=2"])?.state?.text == "a=1,b=2")
        #expect(TraceContext(traceparent: sample, tracestate: ["a=1", "a=2"]).map { $0.state == nil } == true)
        #expect(TraceContext(traceparent: "00", tracestate: ["a=1"]) == nil)
    }

    @Test(arguments: ["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "a=1", "t3nant@sys=x y!,  b=2 ,,", "0a/_-*=~"])
    func `a valid tracestate is kept`(header: String) {
        #expect(TraceState(header)?.text == header)
    }

    @Test(arguments: [
        "", ",", "a", "=1", "a=", "A=1", "a=1,a=2", "a=b=c", "a=\u{7f}", "-a=1", "a@=1", "a@b@c=1", "a@0123456789abcdef=1",
        "é=1", "a=é",
    ])
    func `an invalid tracestate is dropped`(header: String) {
        #expect(TraceState(header) == nil)
    }

    @Test func `a tracestate with too many members is dropped`() {
        let members = (0...32).map { "k\($0)=v" }
        #expect(TraceState(members.joined(separator: ",")) == nil)
        #expect(TraceState(members.dropLast().joined(separator: ",")) != nil)
        #expect(TraceState("a=" + String(repeating: "x", count: 257)) == nil)
    }
}

/// A generator with a fixed seed, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
