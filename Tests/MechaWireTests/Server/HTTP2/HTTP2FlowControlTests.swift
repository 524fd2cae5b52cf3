import NIOCore
import NIOHPACK
import Testing

@testable import MechaWire

/// Windows and turns, both ways (RFC 9113 sections 5.2 and 6.9), and what is written.
@Suite struct HTTP2FlowControlTests {
    private static func open(_ count: Int, settings: [(UInt16, UInt32)] = [], limits: WireLimits = WireLimits()) -> HTTP2Trace {
        var trace = HTTP2Trace(limits, settings: settings)
        for index in 0..<count { _ = trace.send(trace.request(UInt32(index * 2 + 1))) }
        return trace
    }

    private static func body(_ bytes: Int) -> ByteBuffer { ByteBuffer(repeating: 0x78, count: bytes) }

    private static func head(_ trace: inout HTTP2Trace, _ id: UInt32) {
        trace.machine.sendHeaders(id, isEnd: false) { encoder, out in encoder.append(status: 200, into: &out) }
    }

    // MARK: - Responses

    @Test func `a unary answer of gRPC is one buffer`() {
        var trace = Self.open(1)
        trace.machine.sendHeaders(1, isEnd: false) { encoder, out in
            encoder.append([":status": "200", "content-type": "application/grpc"], into: &out)
        }
        trace.machine.sendData(1, Self.body(7), isEnd: false)
        trace.machine.sendTrailers(1, .native(["grpc-status": "0"]))
        #expect(trace.machine.output.joint.readableBytes == trace.machine.output.bytes)
        #expect(
            trace.sent() == ["HEADERS 1 :status=200 content-type=application/grpc", "DATA 1 7", "HEADERS 1 grpc-status=0 end"])
        #expect(trace.machine.streams.isEmpty && trace.machine.pendingBytes == 0)
    }

    @Test func `large bodies take turns, a frame each`() {
        var trace = Self.open(2)
        for id in [1, 3] as [UInt32] { trace.machine.sendData(id, Self.body(40_000 - Int(id)), isEnd: true) }
        #expect(trace.machine.pendingBytes == 79_996)
        #expect(
            trace.sent() == [
                "DATA 1 16384", "DATA 3 16384", "DATA 1 16384", "DATA 3 16383",
            ])
        #expect(trace.machine.outboundWindow == 0 && trace.machine.pendingBytes == 79_996 - 65_535)
        #expect(trace.send(HTTP2Trace.windowUpdate(0, 100_000)) == [])
        #expect(trace.sent() == ["DATA 1 7231 end", "DATA 3 7230 end"])
        #expect(trace.machine.streams.isEmpty && trace.machine.pendingBytes == 0)
    }

    @Test func `trailers wait for the body, an end goes with it`() {
        var trace = Self.open(2, settings: [(4, 3)])
        trace.machine.sendData(1, Self.body(5), isEnd: false)
        trace.machine.sendTrailers(1, .http(["x-sum": "5"]))
        trace.machine.sendData(3, Self.body(3), isEnd: false)
        trace.machine.sendData(3, ByteBuffer(), isEnd: true)
        #expect(trace.sent() == ["DATA 1 3", "DATA 3 3 end"])
        #expect(trace.send(HTTP2Trace.windowUpdate(1, 10)) == [])
        #expect(trace.sent() == ["DATA 1 2", "HEADERS 1 x-sum=5 end"])
    }

    @Test func `a window of zero lets nothing out but heads and ends`() {
        var trace = Self.open(1, settings: [(4, 0)])
        Self.head(&trace, 1)
        trace.machine.sendData(1, Self.body(2), isEnd: true)
        #expect(trace.sent() == ["HEADERS 1 :status=200"])
        for _ in 0..<2 { _ = trace.send(HTTP2Trace.windowUpdate(1, 1)) }
        #expect(trace.sent() == ["DATA 1 2 end"])
    }

    @Test func `windows that shrink below what is used must be filled up first`() {
        var trace = Self.open(1, settings: [(4, 10)])
        trace.machine.sendData(1, Self.body(30), isEnd: true)
        #expect(trace.sent() == ["DATA 1 10"])
        _ = trace.send(HTTP2Trace.settings([(4, 5)]), HTTP2Trace.windowUpdate(1, 5))
        #expect(trace.sent() == ["SETTINGS ACK"])
        _ = trace.send(HTTP2Trace.windowUpdate(1, 3))
        #expect(trace.sent() == ["DATA 1 3"])
        _ = trace.send(HTTP2Trace.settings([(4, 100)]))
        #expect(trace.sent() == ["SETTINGS ACK", "DATA 1 17 end"])
    }

    @Test func `windows over 2^31 - 1 end the stream, or the connection when settings cause them`() {
        var trace = Self.open(2)
        #expect(trace.send(HTTP2Trace.windowUpdate(1, 0x7fff_ffff)) == ["stream failed 1"])
        #expect(trace.send(HTTP2Trace.windowUpdate(3, 0)) == ["stream failed 3"])
        #expect(trace.sent() == ["RST_STREAM 1 flowControlError", "RST_STREAM 3 protocolError"])
        trace = Self.open(1)
        _ = trace.send(HTTP2Trace.windowUpdate(1, 0x7fff_ffff - 65_535))
        #expect(trace.send(HTTP2Trace.settings([(4, 65_536)])) == ["failed flowControlError"])
    }

    @Test func `while the socket is full, bodies wait and heads do not`() {
        var trace = Self.open(1)
        trace.machine.isWritable = false
        Self.head(&trace, 1)
        trace.machine.sendData(1, Self.body(10), isEnd: true)
        #expect(trace.sent() == ["HEADERS 1 :status=200"])
        trace.machine.isWritable = true
        #expect(trace.sent() == ["DATA 1 10 end"])
    }

    @Test func `writers wait beyond the limit and go on at half of it`() {
        var limits = WireLimits()
        limits.bufferedBodyBytes = 1_000
        var trace = Self.open(1, settings: [(4, 0)], limits: limits)
        #expect(trace.machine.sendData(1, Self.body(999), isEnd: false) == 999)
        #expect(trace.machine.block(1) == false)
        #expect(trace.machine.sendData(1, Self.body(1), isEnd: false) == 1_000)
        #expect(trace.machine.block(1) == true)
        #expect(trace.machine.isBlocked(1))
        #expect(trace.machine.block(1) == false)
        _ = trace.send(HTTP2Trace.windowUpdate(1, 499))
        #expect(trace.sent() == ["DATA 1 499"])
        #expect(trace.machine.isBlocked(1))
        _ = trace.send(HTTP2Trace.windowUpdate(1, 1))
        #expect(trace.sent() == ["DATA 1 1"])
        #expect(!trace.machine.isBlocked(1))
    }

    @Test func `an answer before the end of the request tells the client to stop`() {
        var trace = HTTP2Trace()
        _ = trace.send(trace.request(1, isEnd: false), HTTP2Trace.data(1, 100))
        trace.machine.sendHeaders(1, isEnd: true) { encoder, out in encoder.append(status: 404, into: &out) }
        #expect(trace.sent() == ["HEADERS 1 :status=404 end", "RST_STREAM 1 noError"])
        #expect(trace.machine.withheldBytes == 0)
    }

    @Test func `a reset forgets what waits`() {
        var trace = Self.open(2, settings: [(4, 0)])
        for id in [1, 3] as [UInt32] { trace.machine.sendData(id, Self.body(100), isEnd: true) }
        #expect(trace.send(HTTP2Trace.settings([(4, 50)]), HTTP2Trace.reset(1)) == ["reset 1"])
        #expect(trace.machine.pendingBytes == 100)
        #expect(trace.sent() == ["SETTINGS ACK", "DATA 3 50"])
        trace.machine.reset(3, .cancel)
        #expect(trace.machine.pendingBytes == 0)
        #expect(trace.sent() == ["RST_STREAM 3 cancel"])
    }

    @Test func `streams that are reset before their turn do not pile up`() {
        var trace = Self.open(1)
        trace.machine.sendData(1, Self.body(70_000), isEnd: true)
        _ = trace.sent()
        #expect(trace.machine.outboundWindow == 0)
        for id in stride(from: 3, to: 2_000, by: 2) as StrideTo<UInt32> {
            _ = trace.send(trace.request(id))
            trace.machine.sendData(id, Self.body(1), isEnd: true)
            _ = trace.send(HTTP2Trace.reset(id))
        }
        #expect(trace.machine.queue.count < 100)
        _ = trace.send(HTTP2Trace.windowUpdate(0, 10_000), HTTP2Trace.windowUpdate(1, 10_000))
        #expect(trace.sent() == ["DATA 1 4465 end"])
    }

    @Test func `heads larger than a frame go on in others`() {
        var trace = Self.open(1)
        trace.machine.sendHeaders(1, isEnd: true) { encoder, out in
            encoder.append(status: 200, into: &out)
            for index in 0..<4 { encoder.append("x-\(index)", String(repeating: "a", count: 9_991), into: &out) }
        }
        #expect(
            trace.sent() == ["HEADERS 1 16384 to be continued end", "CONTINUATION 1 16384", "CONTINUATION 1 7229 complete"])
    }

    // MARK: - Requests

    @Test func `windows are given back when half of them is taken`() {
        var limits = WireLimits()
        limits.streamWindowBytes = 1_000
        var trace = HTTP2Trace(limits)
        _ = trace.send(trace.request(1, isEnd: false), HTTP2Trace.data(1, 499))
        trace.machine.returnWindow(of: 1)
        #expect(trace.sent() == [])
        _ = trace.send(HTTP2Trace.data(1, 1))
        trace.machine.returnWindow(of: 1)
        #expect(trace.sent() == ["WINDOW_UPDATE 1 500"])
        trace.machine.setReading(false, on: 1)
        _ = trace.send(HTTP2Trace.data(1, 1_000))
        trace.machine.returnWindow(of: 1)
        #expect(trace.sent() == [] && trace.machine.withheldBytes == 1_000)
        trace.machine.setReading(true, on: 1)
        #expect(trace.sent() == ["WINDOW_UPDATE 1 1000"] && trace.machine.withheldBytes == 0)
    }

    @Test func `more than the window of a stream ends it, more than the connection's ends that`() {
        var limits = WireLimits()
        limits.streamWindowBytes = 1_000
        var trace = HTTP2Trace(limits)
        _ = trace.send(trace.request(1, isEnd: false))
        #expect(trace.send(HTTP2Trace.data(1, 1_000), HTTP2Trace.data(1, 1)) == ["data 1 1000", "stream failed 1"])
        #expect(trace.sent() == ["RST_STREAM 1 flowControlError"])
        limits.connectionWindowBytes = 100_000
        limits.streamWindowBytes = 1 << 20
        trace = HTTP2Trace(limits)
        _ = trace.send(trace.request(1, isEnd: false))
        trace.machine.setReading(false, on: 1)
        var events: [String] = []
        while events.last?.hasPrefix("data") != false, events.count < 100 { events += trace.send(HTTP2Trace.data(1, 16_000)) }
        #expect(events.last == "failed flowControlError" && events.count < 16)
    }

    @Test func `padding counts against the windows`() {
        var trace = HTTP2Trace()
        _ = trace.send(trace.request(1, isEnd: false))
        let window = trace.machine.inboundWindow
        _ = trace.send(HTTP2Trace.frame(0, 8, 1, [200, 0x78] + [UInt8](repeating: 0, count: 200)))
        #expect(trace.machine.inboundWindow == window - 202 && trace.machine.withheldBytes == 202)
    }
}
