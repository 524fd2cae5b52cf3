import MechaProto
import NIOCore
import NIOHPACK
import SwiftProtobuf
import Synchronization
import Testing

@testable import MechaWire

@Suite struct GRPCServerCallTests {
    private let server = GRPCServerFixture()
    private typealias Fixture = GRPCServerFixture

    private func unary(
        limits: GRPCLimits = .init(), hooks: any GRPCServerHooks = NoGRPCServerHooks(),
        _ handler: @escaping @Sendable (Text, GRPCServerCall) async throws -> Text
    ) -> GRPCRouter {
        var router = GRPCRouter(limits: limits, hooks: hooks)
        router.unary(Fixture.echo, handler)
        return router
    }

    private var echo: GRPCRouter { unary { request, _ in request } }

    @Test func `a unary call whose body is there is answered at once, whole and with one flush`() {
        var router = GRPCRouter()
        router.unary(Fixture.echo) { request, _ in request }
        server.request(to: router, body: Fixture.frame("hi"))
        #expect(server.log == ["whole", "finished"])
        #expect(server.flushes == 1)
        #expect(server.messages == [Fixture.frame("hi")])
        #expect(server.headers == [":status": "200", "content-type": "application/grpc"])
        #expect(server.trailers == ["grpc-status": "0"])
    }

    @Test func `a request that is no gRPC gets an HTTP answer`() {
        server.request([("content-type", "application/json")], to: echo, body: ByteBuffer())
        server.request([("content-type", "application/grpcx")], to: echo, body: ByteBuffer())
        server.request([(":method", "GET")], to: echo, body: ByteBuffer())
        #expect(server.log.filter { $0 != "finished" } == ["HTTP 415", "HTTP 415", "HTTP 405"])
    }

    @Test(arguments: ["application/grpc+proto", "application/grpc;charset=utf-8"])
    func `other spellings of the content type are gRPC`(type: String) {
        server.request([("content-type", type)], to: echo, body: Fixture.frame("hi"))
        #expect(server.status?.code == .ok)
    }

    @Test func `an unknown method is unimplemented, or goes to the fallback untouched`() {
        server.request([(":path", "/test.Echo/Other")], to: echo, body: Fixture.frame("hi"))
        #expect(server.status?.code == .unimplemented)

        struct Fallback: HTTPService {
            func handle(_ exchange: ServerExchange) { exchange.respond(status: .imATeapot) }
        }
        var router = echo
        router.fallback = Fallback()
        server.request([(":path", "/test.Echo/Other")], to: router, body: Fixture.frame("hi"))
        #expect(server.log.contains("HTTP 418"))
    }

    @Test func `a refused method is not left to the fallback`() {
        var router = GRPCRouter()
        router.refuse([Fixture.echo.method], with: GRPCStatus(.unimplemented, "not yet"))
        server.request(to: router, body: Fixture.frame("hi"))
        #expect(server.status?.message == "not yet")
    }

    @Test(arguments: [
        (ByteBuffer(), GRPCStatus.Code.unimplemented), (ByteBuffer(bytes: [0, 0]), .internal),
        (ByteBuffer(bytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), .unimplemented), (ByteBuffer(bytes: [0, 0, 0, 0, 1, 0xff]), .internal),
        (ByteBuffer(bytes: [1, 0, 0, 0, 1, 0]), .internal), (ByteBuffer(bytes: [9, 0, 0, 0, 0]), .internal),
    ])
    func `a request that is not exactly one good message is an error`(body: ByteBuffer, code: GRPCStatus.Code) {
        server.request(to: echo, body: body)
        #expect(server.status?.code == code)
    }

    @Test func `a message beyond the limit is refused before it is all there`() {
        let router = unary(limits: GRPCLimits(messageBytes: 10)) { request, _ in request }
        server.request(to: router)
        server.receive(ByteBuffer(repeating: 0, count: 100))
        #expect(server.status?.code == .resourceExhausted)
    }

    @Test func `a thrown status arrives with its details and the trailing metadata`() {
        server.request(
            to: unary { _, call in
                var metadata = GRPCMetadata()
                metadata.add("x-why", "because")
                call.trailingMetadata = metadata
                var status = GRPCStatus(.aborted, "etag")
                status.attach(Google_Rpc_ErrorInfo.with { $0.reason = "ETAG" })
                throw status
            }, body: Fixture.frame("hi"))
        #expect(server.log == ["whole", "finished"])
        #expect(server.status?.code == .aborted)
        #expect(server.status?.details.count == 1)
        #expect(server.headers?.first(name: "x-why") == "because")
    }

    @Test func `an error of another type says nothing unless the hooks map it`() {
        struct Secret: Error {}
        struct Mapping: GRPCServerHooks {
            func status(for error: any Error) -> GRPCStatus { GRPCStatus(.dataLoss, "mapped") }
        }
        server.request(to: unary { _, _ in throw Secret() }, body: Fixture.frame("hi"))
        #expect(server.status?.code == .unknown)
        server.request(to: unary(hooks: Mapping()) { _, _ in throw Secret() }, body: Fixture.frame("hi"))
        #expect(server.status?.code == .dataLoss)
    }

    @Test func `a deadline that passes cancels the handler and answers`() {
        let wasCancelled = Mutex(false)
        let (never, keepsOpen) = AsyncStream.makeStream(of: Void.self)
        let router = unary { request, _ in
            for await _ in never {}
            wasCancelled.withLock { $0 = Task.isCancelled }
            return request
        }
        server.request([("grpc-timeout", "50m")], to: router, body: Fixture.frame("hi"))
        #expect(server.log.isEmpty)
        server.loop.advanceTime(by: .seconds(10))
        keepsOpen.finish()
        #expect(server.status?.code == .deadlineExceeded)
        #expect(wasCancelled.withLock { $0 })
        #expect(server.log == ["whole", "finished"])
    }

    @Test func `a deadline that passes while the request is awaited answers too`() {
        server.request([("grpc-timeout", "50m")], to: echo)
        server.loop.advanceTime(by: .seconds(10))
        #expect(server.status?.code == .deadlineExceeded)
    }

    @Test func `a timeout that cannot be read is an error`() {
        server.request([("grpc-timeout", "soon")], to: echo, body: Fixture.frame("hi"))
        #expect(server.status?.code == .internal)
    }

    @Test func `an encoding that we do not have is named, with those we have`() {
        server.request([("grpc-encoding", "snappy")], to: echo, body: Fixture.frame("hi"))
        #expect(server.status?.code == .unimplemented)
        #expect(server.headers?.first(name: "grpc-accept-encoding") == "identity,gzip")
    }

    @Test(arguments: [true, false])
    func `a client that compresses is answered compressed if it can read it`(accepts: Bool) throws {
        let body = try GRPCMessageCoding.encode(Text(String(repeating: "a", count: 500)), gzip: true, limits: .init())
        server.request(
            [("grpc-encoding", "gzip"), ("grpc-accept-encoding", accepts ? "identity, gzip" : "identity")], to: echo, body: body)
        #expect(server.status?.code == .ok)
        #expect(server.headers?.first(name: "grpc-encoding") == (accepts ? "gzip" : nil))
        let isSmall = try #require(server.messages.first).readableBytes < 100
        #expect(isSmall == accepts)
    }

    @Test func `a client that resets the stream cancels the handler, and nothing is sent`() {
        let hooks = RecordingHooks()
        var router = GRPCRouter(hooks: hooks)
        router.clientStreaming(Fixture.echo) { requests, _ in
            while try await requests.next() != nil {}
            return Text("never")
        }
        server.request(to: router)
        server.receive(Fixture.frame("one"))
        server.reset()
        #expect(server.log.isEmpty)
        #expect(hooks.log == ["began /test.Echo/Call", "ended CANCELLED"])
    }

    @Test func `hooks hear of every call, and may refuse it`() {
        let hooks = RecordingHooks(refusal: GRPCStatus(.unauthenticated, "no token"))
        server.request(to: unary(hooks: hooks) { request, _ in request }, body: Fixture.frame("hi"))
        #expect(server.status?.code == .unauthenticated)
        #expect(hooks.log == ["began /test.Echo/Call", "ended UNAUTHENTICATED"])
    }

    @Test func `streams are echoed message by message, as they come`() {
        var router = GRPCRouter()
        router.bidirectional(Fixture.echo) { requests, responses, _ in
            for try await request in requests { try await responses.send(request) }
        }
        server.request(to: router)
        server.receive(Fixture.frame("one"))
        #expect(server.log == ["headers", "data 10"])
        var cut = Fixture.frame("two")
        server.receive(cut.readSlice(length: 6) ?? ByteBuffer())
        #expect(server.messages.count == 1)
        server.receive(cut)
        #expect(server.messages == [Fixture.frame("one"), Fixture.frame("two")])
        server.receiveEnd()
        #expect(server.log.suffix(2) == ["trailers", "finished"])
        #expect(server.status?.code == .ok)
    }

    @Test func `a reader that is cancelled by itself does not hold the call up`() {
        var router = GRPCRouter()
        router.bidirectional(Fixture.echo) { requests, responses, _ in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { _ = try? await requests.next() }
                await Task.yield()
                group.cancelAll()
            }
            try await responses.send(Text("done"))
        }
        server.request(to: router)
        #expect(server.messages == [Fixture.frame("done")])
        #expect(server.status?.code == .ok)
    }

    @Test func `a stream that ends within a message is an error`() {
        var router = GRPCRouter()
        router.clientStreaming(Fixture.echo) { requests, _ in
            while try await requests.next() != nil {}
            return Text("never")
        }
        server.request(to: router)
        server.receive(ByteBuffer(bytes: [0, 0, 0, 0, 9, 1]))
        server.receiveEnd()
        #expect(server.status?.code == .internal)
    }

    @Test func `a sender waits while the client takes nothing`() {
        let sent = Mutex(0)
        var router = GRPCRouter()
        router.serverStreaming(Fixture.echo) { request, responses, _ in
            for _ in 0..<3 {
                try await responses.send(request)
                sent.withLock { $0 += 1 }
            }
        }
        server.isWritable = false
        server.request(to: router, body: Fixture.frame("hi"))
        #expect(sent.withLock { $0 } == 0)
        #expect(server.messages.count == 1)
        server.isWritable = true
        server.exchange?.writabilityChanged(true)
        server.loop.run()
        #expect(sent.withLock { $0 } == 3)
        #expect(server.status?.code == .ok)
    }
}

/// Keeps what it hears; refuses calls if told so.
private final class RecordingHooks: GRPCServerHooks {
    private let entries = Mutex<[String]>([])
    private let refusal: GRPCStatus?

    init(refusal: GRPCStatus? = nil) { self.refusal = refusal }

    var log: [String] { entries.withLock { $0 } }

    func began(_ call: GRPCServerCall) throws(GRPCStatus) {
        entries.withLock { $0.append("began \(call.path)") }
        if let refusal { throw refusal }
    }

    func ended(_ call: GRPCServerCall, code: GRPCStatus.Code) { entries.withLock { $0.append("ended \(code)") } }
}
