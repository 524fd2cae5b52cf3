import NIOCore
import NIOHPACK
import Testing

@testable import MechaWire

/// Requests, settings and the rules whose breach ends a stream or the connection (RFC 9113, section by section).
@Suite struct HTTP2ServerMachineTests {
    // MARK: - Beginning (3.4)

    @Test func `the preface may come byte by byte, and settings follow it`() {
        var trace = HTTP2Trace(isOpen: false)
        trace.machine.writeSettings()
        #expect(trace.sent() == ["SETTINGS 18"])
        let bytes = Array(HTTP2Trace.preface.utf8) + HTTP2Trace.settings([(1, 4_096)]) + trace.request(1)
        var events: [String] = []
        for byte in bytes { events += trace.send([byte]) }
        #expect(events == ["request 1 end"])
        #expect(trace.sent() == ["SETTINGS ACK", "WINDOW_UPDATE 0 2031617"])
        #expect(trace.machine.input.capacity == 0)
    }

    @Test(arguments: ["PRI * HTTP/2.0\r\n\r\nXX", "GET / HTTP/1.1\r\n", "\0"])
    func `anything but the preface ends the connection`(start: String) {
        var trace = HTTP2Trace(isOpen: false)
        #expect(trace.send(Array(start.utf8)) == ["failed protocolError"])
        #expect(trace.sent() == ["GOAWAY 0 protocolError"])
        #expect(trace.send(Array(HTTP2Trace.preface.utf8)) == [])
    }

    @Test(arguments: [HTTP2Trace.frame(6, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]), HTTP2Trace.frame(4, 1), HTTP2Trace.frame(0x77)])
    func `the first frame must be settings`(frame: [UInt8]) {
        var trace = HTTP2Trace(isOpen: false)
        #expect(trace.send(Array(HTTP2Trace.preface.utf8), frame) == ["failed protocolError"])
    }

    // MARK: - Requests (8.1)

    @Test func `a request with a body and trailers`() {
        var trace = HTTP2Trace()
        let head = trace.request(1, isEnd: false)
        let trailers = HTTP2Trace.frame(1, 5, 1, trace.block(["x-sum": "3"]))
        #expect(
            trace.send(head, HTTP2Trace.data(1, 2), HTTP2Trace.data(1, 1), trailers) == [
                "request 1", "data 1 2", "data 1 1", "trailers 1 x-sum=3",
            ])
        #expect(trace.machine.withheldBytes == 0)
    }

    @Test func `padding and priority are taken off`() {
        var trace = HTTP2Trace()
        let block = trace.block([":method": "GET", ":scheme": "http", ":path": "/"])
        let head = HTTP2Trace.frame(1, 0x2c, 1, [3, 0, 0, 0, 0, 15] + block + [0, 0, 0])
        #expect(trace.send(head, HTTP2Trace.frame(0, 9, 1, [2, 0x78, 0, 0])) == ["request 1", "data 1 1 end"])
    }

    @Test func `a header block in several frames`() {
        var trace = HTTP2Trace()
        let block = trace.block([":method": "GET", ":scheme": "http", ":path": "/", "x-a": "b"])
        #expect(
            trace.send(
                HTTP2Trace.frame(1, 1, 1, Array(block[..<2])), HTTP2Trace.frame(9, 0, 1), HTTP2Trace.frame(9, 4, 1, Array(block[2...])))
                == ["request 1 end"])
    }

    @Test func `a length that the body does not have ends the stream`() {
        for (declared, sizes) in [("1", [2]), ("3", [1, 1]), ("1", [0])] {
            var trace = HTTP2Trace()
            _ = trace.send(trace.request(1, isEnd: false, ["content-length": declared]))
            var events: [String] = []
            for (position, size) in sizes.enumerated() {
                events += trace.send(HTTP2Trace.data(1, size, isEnd: position == sizes.count - 1))
            }
            #expect(events.last == "stream failed 1")
            #expect(trace.sent() == ["RST_STREAM 1 protocolError"])
            #expect(trace.machine.streams.isEmpty && trace.machine.withheldBytes == 0)
        }
    }

    @Test func `trailers must end the stream, and be none of the fields that frame or route`() {
        for (isEnd, fields) in [(false, ["x-a": "b"]), (true, [":path": "/"]), (true, ["content-length": "0"])] as [(Bool, HPACKHeaders)] {
            var trace = HTTP2Trace()
            _ = trace.send(trace.request(1, isEnd: false))
            #expect(trace.send(HTTP2Trace.frame(1, isEnd ? 5 : 4, 1, trace.block(fields))) == ["stream failed 1"])
            #expect(trace.sent() == ["RST_STREAM 1 protocolError"])
        }
    }

    // MARK: - Settings (6.5)

    @Test func `settings are answered, each frame once`() {
        var trace = HTTP2Trace()
        #expect(trace.send(HTTP2Trace.settings([(4, 10), (4, 20), (0x99, 1), (3, 0), (6, 1)]), HTTP2Trace.frame(4, 1)) == [])
        #expect(trace.sent() == ["SETTINGS ACK"])
        #expect(trace.machine.peerWindowBytes == 20)
    }

    @Test func `a smaller table is announced in the next block`() {
        var trace = HTTP2Trace()
        _ = trace.send(HTTP2Trace.settings([(1, 0)]), trace.request(1))
        _ = trace.sent()
        var block = ByteBuffer()
        trace.machine.encoder.begin(into: &block)
        #expect(Array(block.readableBytesView) == [0x20])
    }

    @Test func `a PING is answered, an answer is not`() {
        var trace = HTTP2Trace()
        #expect(
            trace.send(HTTP2Trace.frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]), HTTP2Trace.frame(6, 1, 0, [1, 2, 3, 4, 5, 6, 7, 8])) == [])
        #expect(trace.sent() == ["PING ACK"])
        #expect(trace.send(HTTP2Trace.frame(6, 1, 0, Array("mechadra".utf8))) == ["drain ping answered"])
    }

    // MARK: - Stream states (5.1)

    @Test func `what crosses our reset is ignored, but counts against the window`() {
        var trace = HTTP2Trace()
        _ = trace.send(trace.request(1, isEnd: false))
        trace.machine.reset(1, .cancel)
        let trailers = HTTP2Trace.frame(1, 5, 1, trace.block(["x-a": "b"]))
        let window = trace.machine.inboundWindow
        #expect(trace.send(HTTP2Trace.data(1, 100), trailers, HTTP2Trace.windowUpdate(1, 1)) == [])
        #expect(trace.machine.inboundWindow == window - 100)
        #expect(trace.sent() == ["RST_STREAM 1 cancel"])
    }

    @Test func `a stream that is over takes window updates and resets, and no data`() {
        var trace = HTTP2Trace()
        _ = trace.send(trace.request(1))
        trace.machine.sendHeaders(1, isEnd: true) { encoder, out in encoder.append(status: 200, into: &out) }
        #expect(trace.sent() == ["HEADERS 1 :status=200 end"])
        #expect(trace.send(HTTP2Trace.windowUpdate(1, 1), HTTP2Trace.reset(1)) == ["reset 1"])
        #expect(trace.send(HTTP2Trace.data(1, 1)) == ["stream failed 1"])
        #expect(trace.sent() == ["RST_STREAM 1 streamClosed"])
        #expect(trace.send(HTTP2Trace.data(1, 1)) == [])
    }

    @Test func `nothing more may come after the end of a request`() {
        var trace = HTTP2Trace()
        _ = trace.send(trace.request(1), trace.request(3))
        #expect(trace.send(HTTP2Trace.data(1, 1)) == ["stream failed 1"])
        #expect(trace.send(HTTP2Trace.frame(1, 5, 3, trace.block(["x-a": "b"]))) == ["stream failed 3"])
        #expect(trace.sent() == ["RST_STREAM 1 streamClosed", "RST_STREAM 3 streamClosed"])
    }

    @Test func `streams over the limit are refused, and the next one is not`() {
        var limits = WireLimits()
        limits.streamsPerConnection = 2
        var trace = HTTP2Trace(limits)
        #expect(
            trace.send(trace.request(1), trace.request(3), trace.request(5)) == [
                "request 1 end", "request 3 end", "limit streamsPerConnection",
            ])
        #expect(trace.sent() == ["RST_STREAM 5 refusedStream"])
        #expect(trace.send(HTTP2Trace.reset(1), trace.request(7)) == ["reset 1", "request 7 end"])
    }

    @Test func `streams after the last one that is served are refused`() {
        var trace = HTTP2Trace()
        _ = trace.send(trace.request(1))
        trace.machine.announceLastStream()
        #expect(trace.send(trace.request(3)) == [])
        #expect(trace.sent() == ["GOAWAY 1 noError", "RST_STREAM 3 refusedStream"])
    }

    // MARK: - Errors of the connection (5.4.1)

    struct Breach: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let frame: [UInt8]
        let code: HTTP2Code
    }

    static let breaches: [Breach] = [
        Breach(testDescription: "DATA on stream 0", frame: HTTP2Trace.data(0, 1), code: .protocolError),
        Breach(testDescription: "DATA on an idle stream", frame: HTTP2Trace.data(3, 1), code: .protocolError),
        Breach(testDescription: "DATA on a stream of the server", frame: HTTP2Trace.data(2, 1), code: .protocolError),
        Breach(testDescription: "padding without a length", frame: HTTP2Trace.frame(0, 8, 1), code: .protocolError),
        Breach(testDescription: "more padding than payload", frame: HTTP2Trace.frame(0, 8, 1, [2, 0]), code: .protocolError),
        Breach(testDescription: "HEADERS on stream 0", frame: HTTP2Trace.frame(1, 5, 0, [0x82]), code: .protocolError),
        Breach(testDescription: "HEADERS on an even stream", frame: HTTP2Trace.frame(1, 5, 4, [0x82]), code: .protocolError),
        Breach(testDescription: "HEADERS cut off in its priority", frame: HTTP2Trace.frame(1, 0x25, 3, [0]), code: .frameSizeError),
        Breach(testDescription: "PRIORITY on stream 0", frame: HTTP2Trace.frame(2, 0, 0, [0, 0, 0, 0, 1]), code: .protocolError),
        Breach(testDescription: "PRIORITY of 4 bytes", frame: HTTP2Trace.frame(2, 0, 1, [0, 0, 0, 0]), code: .frameSizeError),
        Breach(testDescription: "RST_STREAM on stream 0", frame: HTTP2Trace.reset(0), code: .protocolError),
        Breach(testDescription: "RST_STREAM on an idle stream", frame: HTTP2Trace.reset(3), code: .protocolError),
        Breach(testDescription: "RST_STREAM of 5 bytes", frame: HTTP2Trace.frame(3, 0, 1, [0, 0, 0, 0, 0]), code: .frameSizeError),
        Breach(testDescription: "SETTINGS on a stream", frame: HTTP2Trace.frame(4, 0, 1), code: .protocolError),
        Breach(testDescription: "SETTINGS of 7 bytes", frame: HTTP2Trace.frame(4, 0, 0, [0, 0, 0, 0, 0, 0, 0]), code: .frameSizeError),
        Breach(testDescription: "ENABLE_PUSH of 2", frame: HTTP2Trace.settings([(2, 2)]), code: .protocolError),
        Breach(testDescription: "a window of 2^31", frame: HTTP2Trace.settings([(4, 1 << 31)]), code: .flowControlError),
        Breach(testDescription: "a frame size of 0", frame: HTTP2Trace.settings([(5, 0)]), code: .protocolError),
        Breach(testDescription: "PUSH_PROMISE", frame: HTTP2Trace.frame(5, 4, 1, [0, 0, 0, 2]), code: .protocolError),
        Breach(testDescription: "PING on a stream", frame: HTTP2Trace.frame(6, 0, 1, [0, 0, 0, 0, 0, 0, 0, 0]), code: .protocolError),
        Breach(testDescription: "PING of 9 bytes", frame: HTTP2Trace.frame(6, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0, 0]), code: .frameSizeError),
        Breach(testDescription: "GOAWAY on a stream", frame: HTTP2Trace.frame(7, 0, 1, [0, 0, 0, 0, 0, 0, 0, 0]), code: .protocolError),
        Breach(testDescription: "GOAWAY of 7 bytes", frame: HTTP2Trace.frame(7, 0, 0, [0, 0, 0, 0, 0, 0, 0]), code: .frameSizeError),
        Breach(testDescription: "a window update of 0", frame: HTTP2Trace.windowUpdate(0, 0), code: .protocolError),
        Breach(testDescription: "a window of more than 2^31 - 1", frame: HTTP2Trace.windowUpdate(0, 0x7fff_ffff), code: .flowControlError),
        Breach(testDescription: "a window update of an idle stream", frame: HTTP2Trace.windowUpdate(3, 1), code: .protocolError),
        Breach(testDescription: "CONTINUATION of nothing", frame: HTTP2Trace.frame(9, 4, 1), code: .protocolError),
        Breach(
            testDescription: "a block cut off by another frame", frame: HTTP2Trace.frame(1, 1, 3) + HTTP2Trace.frame(4),
            code: .protocolError),
        Breach(
            testDescription: "a block that goes on elsewhere", frame: HTTP2Trace.frame(1, 1, 3) + HTTP2Trace.frame(9, 4, 5),
            code: .protocolError),
        Breach(testDescription: "a frame that is too large", frame: [0, 0x40, 1, 0, 0, 0, 0, 0, 1], code: .frameSizeError),
        Breach(testDescription: "a block that is none", frame: HTTP2Trace.frame(1, 5, 3, [0x80]), code: .compressionError),
    ]

    @Test(arguments: breaches)
    func `the connection ends with the code of the rule`(breach: Breach) {
        var trace = HTTP2Trace()
        _ = trace.send(trace.request(1, isEnd: false))
        #expect(trace.send(breach.frame, HTTP2Trace.frame(6, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0])) == ["failed \(breach.code)"])
        let last = trace.machine.lastStream
        #expect(trace.sent() == ["GOAWAY \(last) \(breach.code)"])
    }

    @Test func `a stream does not open again`() {
        var trace = HTTP2Trace()
        _ = trace.send(trace.request(5))
        #expect(trace.send(trace.request(3)) == ["failed streamClosed"])
    }

    // MARK: - Floods (10.5)

    @Test func `control frames are limited in any 10 milliseconds`() {
        var limits = WireLimits()
        limits.controlFramesPer10Milliseconds = 3
        for frame in [
            HTTP2Trace.settings([]), HTTP2Trace.frame(6, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]), HTTP2Trace.frame(2, 0, 1, [0, 0, 0, 0, 0]),
            HTTP2Trace.frame(0x77),
        ] {
            var trace = HTTP2Trace(limits)
            for _ in 0..<5 {
                trace.now = trace.now + .milliseconds(10)
                #expect(trace.send(frame, frame, frame) == [])
            }
            #expect(trace.send(frame) == ["failed enhanceYourCalm controlFrames"])
        }
    }

    @Test func `DATA without data is limited in a row`() {
        var trace = HTTP2Trace()
        _ = trace.send(trace.request(1, isEnd: false))
        for _ in 0..<8 { #expect(trace.send(HTTP2Trace.data(1, 0)) == ["data 1 0"]) }
        #expect(trace.send(HTTP2Trace.data(1, 1)) == ["data 1 1"])
        for _ in 0..<8 { #expect(trace.send(HTTP2Trace.data(1, 0)) == ["data 1 0"]) }
        #expect(trace.send(HTTP2Trace.data(1, 0)) == ["failed enhanceYourCalm controlFrames"])
    }

    @Test func `a header block is limited in frames and in bytes`() {
        var limits = WireLimits()
        limits.headerBytes = 1_000
        var trace = HTTP2Trace(limits)
        #expect(
            trace.send(HTTP2Trace.frame(1, 1, 1), HTTP2Trace.frame(9, 0, 1), HTTP2Trace.frame(9, 0, 1), HTTP2Trace.frame(9, 0, 1))
                == ["failed enhanceYourCalm headerBytes"])
        trace = HTTP2Trace(limits)
        #expect(
            trace.send(HTTP2Trace.frame(1, 1, 1), HTTP2Trace.frame(9, 0, 1, [UInt8](repeating: 0x82, count: 2_001)))
                == ["failed enhanceYourCalm headerBytes"])
        trace = HTTP2Trace(limits)
        #expect(trace.send(HTTP2Trace.frame(1, 5, 1, [UInt8](repeating: 0x82, count: 100))) == ["failed enhanceYourCalm headerBytes"])
    }

    @Test func `a peer that never reads what it asks for is given up`() {
        var limits = WireLimits()
        limits.controlFramesPer10Milliseconds = .max
        var trace = HTTP2Trace(limits)
        trace.machine.isWritable = false
        var events: [String] = []
        for _ in 0...trace.machine.unreadFrameLimit where events.isEmpty {
            events = trace.send(HTTP2Trace.frame(6, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]))
        }
        #expect(events == ["failed enhanceYourCalm controlFrames"])
    }
}
