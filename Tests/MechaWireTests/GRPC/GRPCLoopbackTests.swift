import MechaProto
import NIOCore
import SwiftProtobuf
import Synchronization
import Testing

@testable import MechaWire

/// Client and server of ours over real sockets.
@Suite(.timeLimit(.minutes(1))) struct GRPCLoopbackTests {
    private typealias Number = Google_Protobuf_UInt32Value
    private static let echo = RPC<Text, Text>("test.Echo", "Echo", path: "/test.Echo/Echo")
    private static let count = RPC<Number, Number>("test.Echo", "Count", path: "/test.Echo/Count", serverStreams: true)
    private static let sum = RPC<Number, Number>("test.Echo", "Sum", path: "/test.Echo/Sum", clientStreams: true)
    private static let flood = RPC<Text, Text>("test.Echo", "Flood", path: "/test.Echo/Flood", serverStreams: true)
    private static let upload = RPC<Text, Text>("test.Echo", "Upload", path: "/test.Echo/Upload", clientStreams: true)
    private static let chat = RPC<Text, Text>("test.Echo", "Chat", path: "/test.Echo/Chat", clientStreams: true, serverStreams: true)

    private static func router(limits: GRPCLimits = .init(), hooks: any GRPCServerHooks = NoGRPCServerHooks()) -> GRPCRouter {
        var router = GRPCRouter(limits: limits, hooks: hooks)
        router.unary(echo) { request, call in
            var metadata = GRPCMetadata()
            for (name, value) in call.metadata where name.hasPrefix("x-") { metadata.add(name, value) }
            call.responseMetadata = metadata
            call.trailingMetadata = metadata
            return request
        }
        router.serverStreaming(count) { request, responses, _ in
            for number in 0..<request.value { try await responses.send(Number(number)) }
        }
        router.serverStreaming(flood) { request, responses, _ in
            while true { try await responses.send(request) }
        }
        router.clientStreaming(sum) { requests, _ in
            var sum: UInt32 = 0
            for try await request in requests { sum += request.value }
            return Number(sum)
        }
        router.bidirectional(chat) { requests, responses, _ in
            for try await request in requests { try await responses.send(request) }
        }
        return router
    }

    @Test(arguments: [1, 2]) func `all four forms work`(loops: Int) async throws {
        try await GRPCLoopback.run(Self.router(), loops: loops) { loopback in
            let client = loopback.client
            #expect(try await client.unary(Self.echo, Text("hi")).message.value == "hi")
            let counted = try await client.serverStreaming(Self.count, Number(1_000)) { call in
                var numbers: [UInt32] = []
                for try await number in call { numbers.append(number.value) }
                return numbers
            }
            #expect(counted == Array(0..<1_000))
            let sum = try await client.clientStreaming(Self.sum) { call in
                for number in 0..<1_000 as Range<UInt32> { try await call.send(Number(number)) }
            }
            #expect(sum.message.value == 499_500)
            let echoed = try await client.bidirectional(Self.chat) { call in
                var echoed: [String] = []
                for text in ["a", "b", "c"] {
                    try await call.send(Text(text))
                    echoed.append(try await call.next()?.value ?? "-")
                }
                call.finishSending()
                #expect(try await call.next() == nil)
                return echoed
            }
            #expect(echoed == ["a", "b", "c"])
        }
    }

    @Test func `metadata goes both ways, text and bytes`() async throws {
        try await GRPCLoopback.run(Self.router()) { loopback in
            var metadata = GRPCMetadata()
            metadata.add("x-text", "value")
            metadata.add("x-raw-bin", binary: [0, 1, 255])
            let response = try await loopback.client.unary(Self.echo, Text("hi"), options: .init(metadata: metadata))
            for received in [response.metadata, response.trailingMetadata] {
                #expect(received["x-text"] == "value")
                #expect(received.binary("x-raw-bin") == [0, 1, 255])
            }
        }
    }

    @Test func `compressed calls are answered compressed`() async throws {
        try await GRPCLoopback.run(Self.router()) { loopback in
            let text = String(repeating: "compress me ", count: 10_000)
            let response = try await loopback.client.unary(Self.echo, Text(text), options: .init(isCompressed: true))
            #expect(response.message.value == text)
        }
    }

    @Test func `big messages pass up to the limits, which hold on both sides`() async throws {
        let limits = GRPCLimits(messageBytes: 1 << 20)
        try await GRPCLoopback.run(Self.router(limits: limits), clientLimits: GRPCLimits(messageBytes: 2 << 20)) { loopback in
            let fits = Text(String(repeating: "x", count: 1_000_000))
            #expect(try await loopback.client.unary(Self.echo, fits).message == fits)
            let status = try await GRPCLoopback.status {
                _ = try await loopback.client.unary(Self.echo, Text(String(repeating: "x", count: 1_500_000)))
            }
            #expect(status.code == .resourceExhausted)
        }
        try await GRPCLoopback.run(Self.router(), clientLimits: GRPCLimits(messageBytes: 100)) { loopback in
            let request = Text(String(repeating: "x", count: 200))
            let sent = try await GRPCLoopback.status { _ = try await loopback.client.unary(Self.echo, request) }
            #expect(sent.code == .resourceExhausted)
            var receiving = GRPCLimits()
            receiving.receivedMessageBytes = 100
            let client = GRPCClient(loopback.http, origin: Origin(.tcp(host: "127.0.0.1", port: loopback.port)), limits: receiving)
            let received = try await GRPCLoopback.status { _ = try await client.unary(Self.echo, request) }
            #expect(received.code == .resourceExhausted)
        }
    }

    @Test func `a deadline ends a call that nobody answers`() async throws {
        var router = GRPCRouter()
        let (never, keepsOpen) = AsyncStream.makeStream(of: Void.self)
        router.unary(Self.echo) { request, _ in
            for await _ in never {}
            return request
        }
        try await GRPCLoopback.run(router) { loopback in
            let status = try await GRPCLoopback.status {
                _ = try await loopback.client.unary(Self.echo, Text("hi"), options: .init(deadline: .now() + .milliseconds(20)))
            }
            #expect(status.code == .deadlineExceeded)
        }
        keepsOpen.finish()
    }

    @Test func `a cancelled task cancels the handler`() async throws {
        let hooks = EndingHooks()
        let (began, hasBegun) = AsyncStream.makeStream(of: Void.self)
        var router = GRPCRouter(hooks: hooks)
        router.bidirectional(Self.chat) { requests, _, _ in
            hasBegun.yield()
            while try await requests.next() != nil {}
        }
        try await GRPCLoopback.run(router) { loopback in
            let call = Task {
                try await GRPCLoopback.status {
                    try await loopback.client.bidirectional(Self.chat) { call in _ = try await call.next() }
                }
            }
            for await _ in began { break }
            call.cancel()
            let status = try await call.value
            #expect(status.code == .cancelled)
            #expect(await hooks.next() == .cancelled)
        }
    }

    @Test func `leaving a stream before its end cancels the handler`() async throws {
        let hooks = EndingHooks()
        try await GRPCLoopback.run(Self.router(hooks: hooks)) { loopback in
            let page = Text(String(repeating: "x", count: 4_096))
            let first = try await loopback.client.serverStreaming(Self.flood, page) { call in try await call.next() }
            #expect(first == page)
            #expect(await hooks.next() == .cancelled)
        }
    }

    @Test func `an early answer ends a stream of requests with its status`() async throws {
        var router = GRPCRouter()
        router.clientStreaming(Self.upload) { requests, _ in
            _ = try await requests.next()
            throw GRPCStatus(.failedPrecondition, "enough")
        }
        try await GRPCLoopback.run(router) { loopback in
            let status = try await GRPCLoopback.status {
                _ = try await loopback.client.clientStreaming(Self.upload) { call in
                    while true { try await call.send(Text(String(repeating: "x", count: 4_096))) }
                }
            }
            #expect(status.code == .failedPrecondition)
            #expect(status.message == "enough")
        }
    }

    @Test func `a server that is not there is unavailable`() async throws {
        try await GRPCLoopback.run(Self.router()) { loopback in
            await loopback.listener.close()
            let status = try await GRPCLoopback.status { _ = try await loopback.client.unary(Self.echo, Text("hi")) }
            #expect(status.code == .unavailable)
        }
    }

    @Test func `health is told, listed and watched until the server shuts down`() async throws {
        let health = GRPCHealth()
        health.set(false, for: "db")
        var router = GRPCRouter()
        health.register(in: &router)
        try await GRPCLoopback.run(router) { loopback in
            let client = loopback.client
            #expect(try await client.unary(HealthMethods.check, .init()).message.status == .serving)
            #expect(try await client.unary(HealthMethods.check, .with { $0.service = "db" }).message.status == .notServing)
            let unknown = try await GRPCLoopback.status {
                _ = try await client.unary(HealthMethods.check, .with { $0.service = "other" })
            }
            #expect(unknown.code == .notFound)
            #expect(try await client.unary(HealthMethods.list, .init()).message.statuses.keys.sorted() == ["", "db"])
            let seen = try await client.serverStreaming(HealthMethods.watch, .with { $0.service = "db" }) { call in
                var seen: [GRPCHealth.Status] = []
                while let response = try await call.next() {
                    seen.append(response.status)
                    if seen.count == 1 { health.set(true, for: "db") }
                    if seen.count == 2 { health.shutDown() }
                }
                return seen
            }
            #expect(seen == [.notServing, .serving, .notServing])
            health.set(true)
            #expect(try await client.unary(HealthMethods.check, .init()).message.status == .notServing)
        }
    }

    @Test func `reflection lists the services and finds their files`() async throws {
        var router = Self.router()
        GRPCHealth().register(in: &router)
        GRPCReflection.register(in: &router)
        try await GRPCLoopback.run(router) { loopback in
            try await loopback.client.bidirectional(ServerReflectionMethods.serverReflectionInfo) { call in
                try await call.send(.with { $0.listServices = "" })
                let services = try await call.next()?.listServicesResponse.service.map(\.name)
                #expect(
                    services == [
                        "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
                        "test.Echo",
                    ])
                try await call.send(.with { $0.fileContainingSymbol = "grpc.health.v1.Health" })
                #expect(try await call.next()?.fileDescriptorResponse.fileDescriptorProto.count == 1)
                try await call.send(.with { $0.fileByFilename = "no.proto" })
                #expect(try await call.next()?.errorResponse.errorCode == 5)
            }
        }
    }
}

/// Hands over the codes that calls end with, in order.
private final class EndingHooks: GRPCServerHooks {
    private let codes = AsyncStream.makeStream(of: GRPCStatus.Code.self)

    func ended(_ call: GRPCServerCall, code: GRPCStatus.Code) { codes.continuation.yield(code) }

    func next() async -> GRPCStatus.Code? {
        for await code in codes.stream { return code }
        return nil
    }
}
