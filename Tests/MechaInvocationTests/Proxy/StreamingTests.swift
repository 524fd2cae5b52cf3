import Foundation
import MechaCore
import MechaWire
import NIOCore
import NIOHTTP1
import Testing

@testable import MechaInvocation

@Suite(.timeLimit(.minutes(2))) struct StreamingTests {
    /// One streamed request to a port, driven by hand. Lives on its loop.
    private final class Stream: ResponseSink, @unchecked Sendable {
        let context: LoopContext
        private(set) var exchange: ClientExchange?
        private(set) var bytes = 0
        private(set) var trailers: HTTPHeaders?
        private(set) var failure: WireError?
        private var pieces: [String] = []
        private var waiters: [(Int, EventLoopPromise<Void>)] = []
        private let ended: EventLoopPromise<Void>
        var onWritability: (() -> Void)?
        var onBody: (() -> Void)?

        init(_ context: LoopContext) {
            self.context = context
            ended = context.loop.makePromise()
        }

        func begin(_ test: TestRuntime, _ target: String, port: Int, version: Origin.HTTPVersion = .automatic, hasBody: Bool = true) {
            exchange = test.client.start(
                HTTPRequestHead(version: .http1_1, method: hasBody ? .POST : .GET, uri: target, headers: ["accept": "text/event-stream"]),
                to: Origin(.tcp(host: "127.0.0.1", port: port), version: version), on: context, hasBody: hasBody, sink: self)
            exchange?.flush()
        }

        /// Until so many bytes have come.
        func received(_ count: Int) async throws {
            try await context.loop.flatSubmit { [self] in
                let promise = context.loop.makePromise(of: Void.self)
                if bytes >= count { promise.succeed() } else { waiters.append((count, promise)) }
                return promise.futureResult
            }.get()
        }

        func end() async throws { try await ended.futureResult.get() }

        func responseStarted(_ head: HTTPResponseHead) {}

        func responseBody(_ chunk: ByteBuffer) {
            bytes += chunk.readableBytes
            for (count, promise) in waiters where bytes >= count { promise.succeed() }
            waiters.removeAll { bytes >= $0.0 }
            onBody?()
        }

        func responseEnded(trailers: HTTPHeaders?) {
            self.trailers = trailers
            ended.succeed()
        }

        func responseFailed(_ error: WireError) {
            failure = error
            for (_, promise) in waiters { promise.fail(error) }
            ended.succeed()
        }

        func requestWritabilityChanged(_ isWritable: Bool) { if isWritable { onWritability?() } }
    }

    @Test(arguments: [Origin.HTTPVersion.http1, .http2], [AppProtocol.http, .h2c])
    func `pieces and trailers pass both ways as they come`(version: Origin.HTTPVersion, form: AppProtocol) async throws {
        try await TestRuntime.run { test in
            let (_, port) = try await test.runtime(of: test.app("me", port: try await test.listen(DemoApp.service), protocol: form))
            let stream = Stream(test.loops.contexts[0])
            stream.context.loop.execute { stream.begin(test, "/v1.0/invoke/me/method/echo", port: port, version: version) }
            // Each piece comes back before the next is sent: nothing waits for a full buffer.
            for index in 1...5 {
                stream.context.loop.execute { stream.exchange?.write(ByteBuffer(string: "data: x\n\n")) }
                try await stream.received(index * 9)
            }
            stream.context.loop.execute { stream.exchange?.end(trailers: ["x-sum": "1"]) }
            try await stream.end()
            #expect(stream.failure == nil)
            #expect(stream.trailers?["x-sum"] == ["1"])
        }
    }

    @Test(arguments: [AppProtocol.http, .h2c])
    func `a reader that pauses bounds what the runtime holds`(form: AppProtocol) async throws {
        try await TestRuntime.run { test in
            let (_, port) = try await test.runtime(of: test.app("me", port: try await test.listen(DemoApp.service), protocol: form))
            let stream = Stream(test.loops.contexts[0])
            let total = 100 << 20
            let before = residentBytes()
            stream.context.loop.execute {
                stream.onBody = {
                    stream.exchange?.setReading(false)
                    stream.context.loop.execute { stream.exchange?.setReading(true) }
                }
                stream.begin(test, "/v1.0/invoke/me/method/many/\(total)", port: port, hasBody: false)
            }
            try await stream.end()
            #expect(stream.bytes == total)
            #expect(residentBytes() - before < 40 << 20)
        }
    }

    @Test(arguments: [AppProtocol.http, .h2c])
    func `an app that reads slowly slows its caller down`(form: AppProtocol) async throws {
        try await TestRuntime.run { test in
            let (_, port) = try await test.runtime(of: test.app("me", port: try await test.listen(DemoApp.service), protocol: form))
            let stream = Stream(test.loops.contexts[0])
            let piece = 64 << 10
            let pieces = 800
            let before = residentBytes()
            stream.context.loop.execute {
                var left = pieces
                stream.onWritability = {
                    while left > 0, stream.exchange?.isWritable == true {
                        stream.exchange?.write(ByteBuffer(repeating: 0x61, count: piece))
                        left -= 1
                    }
                    if left == 0 {
                        left = -1
                        stream.exchange?.end()
                    }
                }
                stream.begin(test, "/v1.0/invoke/me/method/count", port: port)
                stream.onWritability?()
            }
            try await stream.end()
            #expect(stream.failure == nil)
            #expect(stream.bytes == String(piece * pieces).utf8.count)
            #expect(residentBytes() - before < 40 << 20)
        }
    }

    @Test(arguments: [AppProtocol.http, .h2c])
    func `an app that breaks off breaks the caller's response off too`(form: AppProtocol) async throws {
        try await TestRuntime.run { test in
            let (_, port) = try await test.runtime(of: test.app("me", port: try await test.listen(DemoApp.service), protocol: form))
            let stream = Stream(test.loops.contexts[0])
            stream.context.loop.execute { stream.begin(test, "/v1.0/invoke/me/method/cut", port: port) }
            try await stream.received("only this".utf8.count)
            stream.context.loop.execute { stream.exchange?.write(ByteBuffer(string: "go on")) }
            try await stream.end()
            #expect(stream.failure != nil)
            #expect(test.observer.log.last?.hasSuffix("connection-lost") == true)
        }
    }

    @Test func `an app that answers before it has read everything is heard`() async throws {
        try await TestRuntime.run { test in
            let (_, port) = try await test.runtime(of: test.app("me", port: try await test.listen(DemoApp.service)))
            let stream = Stream(test.loops.contexts[0])
            stream.context.loop.execute { stream.begin(test, "/v1.0/invoke/me/method/status/409", port: port) }
            try await stream.received("from the app".utf8.count)
        }
    }

    /// Resident memory of this process, from the kernel.
    private func residentBytes() -> Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8), let pages = Int(text.split(separator: " ")[1])
        else { return 0 }
        return pages * 4_096
    }
}
