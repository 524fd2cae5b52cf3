import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaNATS

@Suite struct JetStreamFailureTests {
    @Test(arguments: [[:], ["queueGroupName": "q", "heartbeat": "200ms"]] as [[String: String]])
    func `kill -9 of the server under load loses nothing that was confirmed`(_ metadata: [String: String]) async throws {
        let directory = try TemporaryDirectory()
        var server = try await NATSServer(directory: directory.path)
        let port = server.port
        try await withJetStream(server, metadata.merging(["ackWait": "500ms"]) { $1 }) { pubsub in
            _ = try await expectNothingLost(pubsub, topic: "t") { load in
                for _ in 0..<3 {
                    try await load.advance()
                    server.process.killNow()
                    server = try await NATSServer(port: port, directory: directory.path)
                }
                try await load.advance()
            }
        }
    }

    @Test func `connections cut in the middle of messages lose nothing that was confirmed`() async throws {
        let server = try await NATSServer()
        let proxy = try await FaultProxy(to: server.port)
        try await withJetStream("nats://127.0.0.1:\(proxy.port)", ["ackWait": "500ms"]) { pubsub in
            _ = try await expectNothingLost(pubsub, topic: "t") { load in
                for bytes in [1, 17, 100, 333, 1_000] {
                    await proxy.cut(after: bytes, .toServer)
                    try await load.advance(by: 20)
                    await proxy.cut(after: bytes, .toClient)
                    try await load.advance(by: 20)
                    await proxy.cut()
                    try await load.advance(by: 20)
                }
            }
            #expect(await proxy.acceptedCount > 5)
        }
    }

    @Test func `a server that refuses, stalls and is slow for a while is used again`() async throws {
        let server = try await NATSServer()
        let proxy = try await FaultProxy(to: server.port)
        try await withJetStream("nats://127.0.0.1:\(proxy.port)", ["ackWait": "1s"]) { pubsub in
            _ = try await expectNothingLost(pubsub, topic: "t") { load in
                try await load.advance()
                await proxy.stall(true)
                await proxy.refuse(true)
                await proxy.cut()
                try await eventually {
                    guard pubsub.status.reason != nil else { throw TestKitError("no reason") }
                }
                await proxy.stall(false)
                await proxy.refuse(false)
                try await load.advance()
                await proxy.delay(.milliseconds(5))
                try await load.advance(by: 20)
                await proxy.delay(.zero)
            }
        }
    }

    @Test func `a feed begins although the server is away, and publishing fails fast meanwhile`() async throws {
        let port = try LoopbackPort.free()
        try await withJetStream("nats://127.0.0.1:\(port)") { pubsub in
            let log = MessageLog()
            let feed = try await pubsub.subscribe(SubscriptionRequest(topic: "t", consumerGroup: "g"), log.handler())
            let error = await #expect(throws: CapabilityError.self) { try await pubsub.publish("t", "x") }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("Connection refused") == true, "\(error?.message ?? "")")
            let server = try await NATSServer(port: port)
            try await eventually { try await pubsub.publish("t", "first") }
            try await log.wait(count: 1)
            await feed.close()
            server.stop()
        }
    }

    @Test func `a stream that is deleted under a subscription is waited for`() async throws {
        let server = try await NATSServer()
        try await withJetStream(server) { pubsub in
            let log = MessageLog()
            let feed = try await pubsub.subscribe(SubscriptionRequest(topic: "t", consumerGroup: "g"), log.handler())
            try await pubsub.publish("t", "one")
            try await log.wait(count: 1)
            let client = NATSClient(
                configuration: NATSConfiguration(addresses: [try #require(NATSAddress("127.0.0.1:\(server.port)"))]), group: natsLoops.group
            )
            try await client.start()
            _ = try await client.request("$JS.API.STREAM.DELETE.t", body: ByteBuffer())
            await client.close()
            try await pubsub.publish("t", "two")
            try await log.wait("the message of the new stream") { $0.contains("two") }
            await feed.close()
        }
    }

    @Test func `of several servers one that is there is used`() async throws {
        let server = try await NATSServer()
        let dead = try LoopbackPort.free()
        try await withJetStream("nats://127.0.0.1:\(dead), nats://127.0.0.1:\(server.port)") { pubsub in
            try await eventually { try await pubsub.publish("t", "x") }
        }
    }

    @Test func `a feed closes in bounded time although the server is gone`() async throws {
        let server = try await NATSServer()
        try await withJetStream(server) { pubsub in
            let log = MessageLog()
            let feed = try await pubsub.subscribe(SubscriptionRequest(topic: "t", consumerGroup: "g"), log.handler())
            try await pubsub.publish("t", "x")
            try await log.wait(count: 1)
            server.process.killNow()
            await feed.close()
        }
    }
}

@Suite struct NATSLoginTests {
    private let seed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"

    private func isServed(_ server: NATSServer, _ metadata: [String: String], url: String? = nil) async throws -> CapabilityError? {
        try await withJetStream(url ?? "nats://127.0.0.1:\(server.port)", metadata) { pubsub in
            do {
                try await pubsub.publish("t", "x")
                return nil
            } catch {
                return error as? CapabilityError
            }
        }
    }

    @Test func `a token lets in and a wrong one does not`() async throws {
        let server = try await NATSServer(configuration: "authorization { token: \"s3cret\" }")
        #expect(try await isServed(server, ["token": "s3cret"]) == nil)
        #expect(try await isServed(server, [:], url: "nats://s3cret@127.0.0.1:\(server.port)") == nil)
        let error = try await isServed(server, ["token": "wrong-one"])
        #expect(error?.code == .misconfigured)
        #expect(error?.message.contains("wrong-one") == false)
        #expect(try await isServed(server, [:])?.code == .misconfigured)
    }

    @Test func `a user and password let in`() async throws {
        let server = try await NATSServer(configuration: "authorization { user: me, password: pass }")
        #expect(try await isServed(server, ["username": "me", "password": "pass"]) == nil)
        #expect(try await isServed(server, [:], url: "nats://me:pass@127.0.0.1:\(server.port)") == nil)
        #expect(try await isServed(server, ["username": "me", "password": "no"])?.code == .misconfigured)
    }

    @Test func `a key lets in by its signature`() async throws {
        let server = try await NATSServer(
            configuration: "authorization { users: [ { nkey: UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4 } ] }")
        #expect(try await isServed(server, ["seedKey": seed]) == nil)
        #expect(try await isServed(server, [:])?.code == .misconfigured)
    }

    @Test func `a server may demand TLS and a client certificate`() async throws {
        let directory = try TemporaryDirectory()
        try await TestCertificates.make(in: directory)
        let server = try await NATSServer(
            configuration: """
                tls { cert_file: "\(directory.file("server.pem"))", key_file: "\(directory.file("server.key"))",
                      ca_file: "\(directory.file("ca.pem"))", verify: true }
                """)
        let trusted = [
            "tls_ca_cert": directory.file("ca.pem"), "tls_client_cert": directory.file("client.pem"),
            "tls_client_key": directory.file("client.key"),
        ]
        #expect(try await isServed(server, trusted, url: "nats://localhost:\(server.port)") == nil)
        #expect(
            try await isServed(server, trusted.merging(["tls_ca_cert": ""]) { $1 }, url: "tls://localhost:\(server.port)")?.code
                == .unavailable)
        #expect(
            try await isServed(server, ["insecureSkipTLSVerify": "true"], url: "tls://localhost:\(server.port)") != nil,
            "without a client certificate")
    }

    @Test func `certificates that are none are refused at the start`() async throws {
        let pubsub = try makeJetStream(["natsURL": "nats://h", "tls_client_cert": "/nowhere", "tls_client_key": "/nowhere"])
        let error = await #expect(throws: CapabilityError.self) { try await pubsub.start() }
        #expect(error?.code == .misconfigured)
        #expect(error?.message.contains("tls_client_cert") == true)
    }
}
