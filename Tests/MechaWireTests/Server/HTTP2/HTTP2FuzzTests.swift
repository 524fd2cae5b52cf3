import MechaTestKit
import NIOCore
import NIOHPACK
import Testing

@testable import MechaWire

/// Whatever a peer sends, in whatever pieces: nothing traps, and nothing grows beyond its limit.
@Suite struct HTTP2FuzzTests {
    private static func frame(_ trace: inout HTTP2Trace, _ random: inout SeededGenerator) -> [UInt8] {
        let last = trace.machine.lastStream
        let stream = last == 0 ? 1 : UInt32.random(in: 0...(last / 2), using: &random) * 2 + 1
        switch Int.random(in: 0..<60, using: &random) {
        case 0..<25: return trace.request(last == 0 ? 1 : last + 2, isEnd: Bool.random(using: &random), ["x-a": "\(last)"])
        case 25..<35 where last > 0:
            return HTTP2Trace.data(stream, Int.random(in: 0...3_000, using: &random), isEnd: Bool.random(using: &random))
        case 35..<45 where last > 0: return HTTP2Trace.windowUpdate(stream, UInt32.random(in: 1...100_000, using: &random))
        case 45..<50: return HTTP2Trace.windowUpdate(0, UInt32.random(in: 1...100_000, using: &random))
        case 50..<53 where last > 0: return HTTP2Trace.reset(stream)
        case 53..<56:
            return HTTP2Trace.settings([
                (1, UInt32.random(in: 0...5_000, using: &random)), (4, UInt32.random(in: 0...70_000, using: &random)),
            ])
        case 56: return HTTP2Trace.frame(6, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0])
        case 57:
            let payload = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            return HTTP2Trace.frame(UInt8.random(in: 0...10, using: &random), UInt8.random(in: 0...255, using: &random), stream, payload)
        default: return HTTP2Trace.frame(2, 0, stream, [0, 0, 0, 0, 1])
        }
    }

    /// Answers some of what is open, in some way.
    private static func answer(_ trace: inout HTTP2Trace, _ random: inout SeededGenerator) {
        let id = UInt32.random(in: 0...trace.machine.lastStream, using: &random) | 1
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            trace.machine.sendHeaders(id, isEnd: Bool.random(using: &random)) { encoder, out in encoder.append(status: 418, into: &out) }
        case 1:
            let body = ByteBuffer(repeating: 1, count: Int.random(in: 0...50_000, using: &random))
            trace.machine.sendData(id, body, isEnd: Bool.random(using: &random))
        case 2: trace.machine.sendTrailers(id, .native(["grpc-status": "0"]))
        case 3: trace.machine.reset(id, .cancel)
        case 4: trace.machine.setReading(Bool.random(using: &random), on: id)
        default: trace.machine.isWritable = Bool.random(using: &random)
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `frames in any order`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var served = 0
        for _ in 0..<20 {
            var limits = WireLimits()
            limits.streamsPerConnection = 6
            var trace = HTTP2Trace(limits)
            for _ in 0..<60 {
                var bytes = Self.frame(&trace, &random)
                if Int.random(in: 0..<200, using: &random) == 0, !bytes.isEmpty {
                    bytes[Int.random(in: bytes.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                }
                let cut = Int.random(in: 0...bytes.count, using: &random)
                var events = trace.send(Array(bytes[..<cut]))
                events += trace.send(Array(bytes[cut...]))
                served += events.count { $0.hasPrefix("request") }
                Self.answer(&trace, &random)
                if Bool.random(using: &random) {
                    let written = trace.sent(upTo: 20_000)
                    #expect(!written.contains { $0.contains("cut off") || $0.contains("more") })
                }
                check(trace.machine, limits)
                if events.last?.hasPrefix("failed") == true { break }
            }
        }
        #expect(served > 200)
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `bytes without any order`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for isOpen in [false, true] {
            for _ in 0..<20 {
                var trace = HTTP2Trace(isOpen: isOpen)
                let bytes = (0..<2_000).map { _ in UInt8.random(in: 0...255, using: &random) & 0x1f }
                _ = trace.send(bytes)
                check(trace.machine, WireLimits())
            }
        }
    }

    private func check(_ machine: HTTP2ServerMachine, _ limits: WireLimits) {
        #expect(machine.streams.count <= limits.streamsPerConnection)
        #expect(machine.input.readableBytes < HTTP2ServerMachine.standardFrameBytes + HTTP2FrameHead.bytes)
        #expect(machine.openBlock?.bytes.readableBytes ?? 0 <= limits.headerBytes * 2)
        #expect(machine.decoder.table.bytes <= HeaderTable.standardBytes)
        let states = machine.streams.indices.map { machine.streams[$0] }
        #expect(machine.pendingBytes == states.map(\.pending.bytes).reduce(0, +))
        #expect(machine.withheldBytes == states.map(\.unreturnedBytes).reduce(0, +))
        #expect(machine.outboundWindow >= 0 && machine.inboundWindow <= limits.connectionWindowBytes)
        // Whoever has something to send and may is in the queue, once.
        for state in states {
            let places = machine.queue[machine.queueHead...].count { $0 == state.id }
            #expect(places == (state.isQueued ? 1 : 0))
            if !state.pending.isEmpty, state.outboundWindow > 0 { #expect(state.isQueued) }
        }
    }
}
