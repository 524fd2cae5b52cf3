import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import MechaWire

@Suite struct ServerExchangeTests {
    private let loop = EmbeddedEventLoop()
    private let driver = RecordingDriver()

    private func exchange(_ headers: HTTPHeaders = [:], observer: any WireObserver = SilentWireObserver()) -> ServerExchange {
        ServerExchange(
            head: HTTPRequestHead(version: .http1_1, method: .POST, uri: "/", headers: headers), http2Headers: nil, isSecure: false,
            context: LoopContext(loop: loop, index: 0), limits: WireLimits(), observer: observer, driver: driver)
    }

    /// Hears a body and writes down what it hears.
    private final class Sink: BodySink {
        var heard: [String] = []
        func bodyReceived(_ chunk: ByteBuffer) { heard.append(String(buffer: chunk)) }
        func bodyEnded(trailers: HTTPHeaders?) { heard.append("end") }
        func bodyFailed(_ error: WireError) { heard.append("failed: \(error.code)") }
        func writabilityChanged(_ isWritable: Bool) { heard.append(isWritable ? "writable" : "blocked") }
        func exchangeFailed(_ error: WireError) { heard.append("exchange failed: \(error.code)") }
    }

    @Test func `a body that is there is collected without waiting`() {
        let exchange = exchange()
        exchange.received(ByteBuffer(string: "ab"))
        exchange.received(ByteBuffer(string: "c"))
        exchange.receivedEnd(trailers: nil)
        exchange.run { exchange in
            let body = try? await exchange.collectBody()
            exchange.respond(status: .ok, body: body)
        }
        // No turn of the loop was needed.
        #expect(driver.calls == ["whole 200", "finished"])
        #expect(exchange.responseBodyBytes == 3 && exchange.requestBodyBytes == 3)
    }

    @Test func `a body that arrives later is collected then`() {
        let exchange = exchange()
        exchange.run { exchange in
            let body = try? await exchange.collectBody()
            exchange.respond(status: body?.readableBytes == 3 ? .ok : .badRequest)
        }
        #expect(driver.calls == ["read"])
        exchange.received(ByteBuffer(string: "abc"))
        exchange.receivedEnd(trailers: nil)
        loop.run()
        #expect(driver.calls == ["read", "whole 200", "finished"])
    }

    @Test func `a body declared too large is refused before it is read`() {
        let observer = CountingObserver()
        let exchange = exchange(["content-length": "11"], observer: observer)
        exchange.run { exchange in
            do {
                _ = try await exchange.collectBody(upTo: 10)
            } catch {
                exchange.respond(status: error.code == .tooLarge ? .payloadTooLarge : .badRequest)
            }
        }
        #expect(driver.calls == ["pause", "whole 413", "finished"])
        #expect(observer["bodyBytes"] == 1)
    }

    @Test func `a body that turns out too large stops being read`() {
        let exchange = exchange()
        exchange.run { exchange in
            do {
                _ = try await exchange.collectBody(upTo: 10)
            } catch {
                exchange.respond(status: error.code == .tooLarge ? .payloadTooLarge : .badRequest)
            }
        }
        exchange.received(ByteBuffer(string: "12345678901"))
        loop.run()
        #expect(driver.calls == ["read", "pause", "whole 413", "finished"])
    }

    @Test func `bytes that arrive while reading resumes are not waited for`() {
        let exchange = exchange()
        driver.onRead = {
            exchange.received(ByteBuffer(string: "abc"))
            exchange.receivedEnd(trailers: nil)
        }
        exchange.run { exchange in
            let first = try? await exchange.nextBodyChunk()
            let end = try? await exchange.nextBodyChunk()
            exchange.respond(status: first?.readableBytes == 3 && end == nil ? .ok : .badRequest)
        }
        #expect(driver.calls == ["read", "whole 200", "finished"])
    }

    @Test func `a peer that gives up wakes and cancels the handler`() {
        let exchange = exchange()
        exchange.run { exchange in
            do {
                _ = try await exchange.collectBody()
            } catch {
                #expect(error.code == .connectionClosed && Task.isCancelled)
            }
        }
        exchange.failed(WireError(.connectionClosed, "gone"))
        loop.run()
        #expect(driver.calls == ["read"], "nothing can be sent any more")
        #expect(exchange.failure?.code == .connectionClosed)
    }

    @Test func `a sink hears exactly one end`() {
        let sink = Sink()
        let exchange = exchange()
        exchange.received(ByteBuffer(string: "a"))
        exchange.streamBody(into: sink)
        exchange.received(ByteBuffer(string: "b"))
        exchange.writabilityChanged(false)
        exchange.receivedEnd(trailers: nil)
        exchange.writabilityChanged(true)
        exchange.failed(WireError(.cancelled, "gone"))
        exchange.failed(WireError(.cancelled, "gone"))
        #expect(sink.heard == ["a", "b", "blocked", "end", "writable", "exchange failed: cancelled"])
    }

    @Test func `a sink hears that the response came before the end of the request`() {
        let sink = Sink()
        let exchange = exchange()
        exchange.streamBody(into: sink)
        exchange.respond(status: .ok)
        #expect(sink.heard == ["failed: cancelled"])
        #expect(driver.calls == ["read", "whole 200", "finished"])
    }

    @Test func `a handler that forgets to answer is answered for`() {
        let exchange = exchange()
        exchange.run { _ in }
        #expect(driver.calls == ["whole 500", "finished"])
    }

    @Test func `a handler that hands on to a sink is not answered for`() {
        let exchange = exchange()
        let sink = Sink()
        exchange.streamBody(into: sink)
        exchange.run { _ in }
        #expect(driver.calls == ["read"])
        exchange.abort(WireError(.cancelled, "enough"))
        #expect(driver.calls == ["read", "abort cancelled"])
    }

    @Test func `writing waits until the peer can take more`() {
        let exchange = exchange()
        driver.isWritable = false
        exchange.run { exchange in
            exchange.start(HTTPResponseHead(version: .http1_1, status: .ok))
            try? await exchange.writeAndWait(ByteBuffer(string: "abc"))
            exchange.end()
        }
        #expect(driver.calls == ["head 200", "body 3", "flush"])
        driver.isWritable = true
        exchange.writabilityChanged(true)
        loop.run()
        #expect(driver.calls.suffix(2) == ["end", "finished"])
    }

    @Test func `nothing is sent after the end`() {
        let exchange = exchange()
        exchange.respond(status: .ok)
        exchange.respond(status: .ok)
        exchange.start(HTTPResponseHead(version: .http1_1, status: .ok))
        exchange.write(ByteBuffer(string: "x"))
        exchange.end()
        exchange.abort(WireError(.cancelled, ""))
        exchange.failed(WireError(.cancelled, ""))
        #expect(driver.calls == ["whole 200", "finished"])
        #expect(exchange.failure == nil)
    }

    @Test func `the end is reported once`() {
        let exchange = exchange()
        var ends = 0
        exchange.onFinish = { _ in ends += 1 }
        exchange.respond(status: .ok)
        exchange.failed(WireError(.cancelled, ""))
        #expect(ends == 1)
    }
}
