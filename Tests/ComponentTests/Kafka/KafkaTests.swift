#if Kafka
import CRdKafka
import Logging
import MechaCore
import MechaTestKit
import NIOCore
import Synchronization
import Testing

@testable import MechaKafka

/// Against librdkafka's mock cluster. Groups gather for 3 s before their first assignment there, as with real brokers,
/// so that cases run beside each other.
@Suite struct KafkaTests {
    private static func metadata(_ cluster: KafkaMockCluster, _ more: [String: String] = [:]) -> ComponentMetadata {
        ComponentMetadata(
            [
                "brokers": cluster.brokers, "authType": "none", "sessionTimeout": "3800ms", "heartbeatInterval": "100ms",
                "maxMessageBytes": "4Mi", "consumeRetryInterval": "20ms",
            ].merging(more) { $1 })
    }

    /// The mock brokers answer a fetch only when its time is over, also when there is something new: so that is short here.
    private static func settings(_ metadata: ComponentMetadata) throws -> KafkaSettings {
        var settings = try KafkaSettings(metadata, retriesByDefault: true)
        settings.consumer.append(("fetch.wait.max.ms", "10"))
        return settings
    }

    private static func connect(_ cluster: KafkaMockCluster, _ more: [String: String] = [:]) async throws -> any PubSub {
        let component = KafkaPubSub(try settings(metadata(cluster, more)), environment: BrokerTestLoops.environment("pubsub"))
        try await component.start()
        return component
    }

    @Test(arguments: PubSubConformance.caseNames)
    func `pubsub.kafka keeps the contract`(_ name: String) async throws {
        let cluster = try KafkaMockCluster.shared.get()
        var profile = PubSubProfile { try await Self.connect(cluster) }
        profile.carriesContentType = false
        // Topics have several partitions, and each an order of its own.
        profile.keepsOrder = false
        profile.takesAnyTopic = false
        for failure in await PubSubConformance(profile).failures(only: name) { Issue.record(failure) }
    }

    @Test func `one message in flight keeps the order of a partition, also over redeliveries`() async throws {
        let cluster = try KafkaMockCluster.shared.get()
        let topic = "order-\(RandomID.uuid())"
        cluster.createTopic(topic, partitions: 1)
        let broker = try await Self.connect(cluster)
        let taken = Mutex<[String]>([])
        let feed = try await broker.subscribe(SubscriptionRequest(topic: topic, consumerGroup: "order", maximumInFlight: 1)) { message in
            let text = String(buffer: message.data)
            if text.hasSuffix("3"), message.attempt == 1 { return .redeliver }
            taken.withLock { $0.append(text) }
            return .acknowledge
        }
        for number in 0..<30 { try await broker.publish(OutgoingMessage(topic: topic, data: ByteBuffer(string: "\(number)"))) }
        try await eventually { taken.withLock { $0.count } == 30 }
        #expect(taken.withLock { $0 } == (0..<30).map { "\($0)" })
        await feed.close()
        await broker.close()
    }

    @Test func `metadata travels as headers, and the app is told key, partition, offset and time`() async throws {
        let cluster = try KafkaMockCluster.shared.get()
        let topic = "meta-\(RandomID.uuid())"
        let broker = try await Self.connect(cluster, ["excludeHeaderMetaRegex": "^secret", "escapeHeaders": "true"])
        let inbox = Mutex<[IncomingMessage]>([])
        let feed = try await broker.subscribe(SubscriptionRequest(topic: topic, consumerGroup: "meta")) { message in
            inbox.withLock { $0.append(message) }
            return .acknowledge
        }
        try await broker.publish(
            OutgoingMessage(
                topic: topic, data: ByteBuffer(string: "x"), metadata: ["partitionKey": "a key/é", "secretSauce": "y", "plain": "1 2"]))
        try await eventually { !inbox.withLock(\.isEmpty) }
        let metadata = inbox.withLock { $0[0].metadata }
        #expect(metadata["__key"] == "a+key%2F%C3%A9")
        #expect(metadata["plain"] == "1+2")
        #expect(metadata["secretSauce"] == nil)
        #expect(metadata["__topic"] == topic)
        #expect(metadata["__offset"] == "0")
        #expect(metadata["__partition"].flatMap { Int($0) } != nil)
        #expect(metadata["__timestamp"].flatMap { Int($0) }.map { $0 > 1_600_000_000_000 } == true)
        await feed.close()
        await broker.close()
    }

    @Test(arguments: [("oldest", ["early", "late"]), ("newest", ["late"])])
    func `a group that is new begins where it should`(_ offset: String, _ expected: [String]) async throws {
        let cluster = try KafkaMockCluster.shared.get()
        let topic = "begin-\(RandomID.uuid())"
        cluster.createTopic(topic, partitions: 1)
        let broker = try await Self.connect(cluster, ["initialOffset": offset])
        try await broker.publish(OutgoingMessage(topic: topic, data: ByteBuffer(string: "early")))
        let inbox = Mutex<[String]>([])
        let feed = try await broker.subscribe(SubscriptionRequest(topic: topic, consumerGroup: "g-\(offset)", maximumInFlight: 1)) {
            message in
            inbox.withLock { $0.append(String(buffer: message.data)) }
            return .acknowledge
        }
        try await broker.publish(OutgoingMessage(topic: topic, data: ByteBuffer(string: "late")))
        try await eventually { inbox.withLock { $0.last } == "late" }
        #expect(inbox.withLock { $0 } == expected)
        await feed.close()
        await broker.close()
    }

    @Test func `brokers that go and come back lose nothing that was confirmed`() async throws {
        let cluster = try KafkaMockCluster()
        let broker = try await Self.connect(cluster, ["publishTimeout": "3s", "readTimeout": "2s"])
        let seen = Mutex<Set<String>>([])
        let feed = try await broker.subscribe(SubscriptionRequest(topic: "faults", consumerGroup: "g")) { message in
            seen.withLock { _ = $0.insert(String(buffer: message.data)) }
            return .acknowledge
        }
        let record = Record()
        try await withThrowingTaskGroup { group in
            for writer in 0..<4 {
                group.addTask {
                    var number = 0
                    while !record.isOver.load(ordering: .relaxed) {
                        let text = "\(writer)-\(number)"
                        if (try? await broker.publish(OutgoingMessage(topic: "faults", data: ByteBuffer(string: text)))) != nil {
                            record.confirmed.withLock { _ = $0.insert(text) }
                        }
                        number += 1
                        try await Task.sleep(for: .milliseconds(5))
                    }
                }
            }
            for _ in 0..<2 {
                try await Task.sleep(for: .milliseconds(300))
                cluster.setDown(true)
                try await Task.sleep(for: .milliseconds(300))
                cluster.setDown(false)
            }
            let before = record.confirmed.withLock { $0.count }
            try await eventually { record.confirmed.withLock { $0.count } > before + 20 }
            record.isOver.store(true, ordering: .relaxed)
            try await group.waitForAll()
        }
        try await eventually { record.confirmed.withLock { $0 }.isSubset(of: seen.withLock { $0 }) }
        await feed.close()
        await broker.close()
    }

    @Test func `slow brokers are waited for as long as publishTimeout says, and nothing is lost`() async throws {
        let cluster = try KafkaMockCluster()
        let broker = try await Self.connect(cluster, ["publishTimeout": "10s"])
        let seen = Mutex<Set<String>>([])
        let feed = try await broker.subscribe(SubscriptionRequest(topic: "slow", consumerGroup: "g")) { message in
            seen.withLock { _ = $0.insert(String(buffer: message.data)) }
            return .acknowledge
        }
        cluster.setDelay(milliseconds: 150)
        let outcomes = try await broker.publish(
            (0..<50).map { OutgoingMessage(topic: "slow", data: ByteBuffer(string: "\($0)")) })
        #expect(outcomes.allSatisfy { $0 == nil })
        let hasty = try await Self.connect(cluster, ["publishTimeout": "100ms"])
        let error = await #expect(throws: CapabilityError.self) {
            try await hasty.publish(OutgoingMessage(topic: "slow", data: ByteBuffer(string: "late")))
        }
        #expect(error?.code == .unavailable)
        cluster.setDelay(milliseconds: 0)
        try await eventually { seen.withLock { $0 }.isSuperset(of: (0..<50).map { "\($0)" }) }
        await feed.close()
        await hasty.close()
        await broker.close()
    }

    @Test func `what brokers refuse is told, and what they refuse for now is tried again`() async throws {
        let cluster = try KafkaMockCluster()
        let broker = try await Self.connect(cluster, ["publishTimeout": "10s"])
        let message = OutgoingMessage(topic: "t", data: ByteBuffer(string: "x"))
        cluster.failProducing(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, times: 2)
        try await broker.publish(message)
        cluster.failProducing(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, times: 1)
        let refused = await #expect(throws: CapabilityError.self) { try await broker.publish(message) }
        #expect(refused?.code == .permissionDenied)
        for topic in ["", "a b", "..", String(repeating: "x", count: 250), "é"] {
            let error = await #expect(throws: CapabilityError.self) {
                try await broker.publish(OutgoingMessage(topic: topic, data: ByteBuffer()))
            }
            #expect(error?.code == .invalidArgument)
        }
        let large = OutgoingMessage(topic: "t", data: ByteBuffer(repeating: 1, count: 5 << 20))
        let tooLarge = await #expect(throws: CapabilityError.self) { try await broker.publish(large) }
        #expect(tooLarge?.code == .invalidArgument)
        await broker.close()
    }

    @Test func `a broker that is away is no error for a subscription, and one for a publication`() async throws {
        let cluster = try KafkaMockCluster()
        cluster.setDown(true)
        let broker = try await Self.connect(cluster, ["publishTimeout": "1s", "dialTimeout": "1s"])
        let error = await #expect(throws: CapabilityError.self) {
            try await broker.publish(OutgoingMessage(topic: "t", data: ByteBuffer(string: "x")))
        }
        #expect(error?.code == .unavailable)
        #expect(broker.status.phase == .connecting)
        await broker.close()
        #expect(broker.status.phase == .closed)
    }

    @Test(arguments: [true, false]) func `bindings.kafka brings messages in and sends them out`(_ retries: Bool) async throws {
        let cluster = try KafkaMockCluster.shared.get()
        let topic = "binding-\(RandomID.uuid())"
        var more = ["topics": topic, "publishTopic": topic, "consumerGroup": "group-\(topic)"]
        if retries { more["consumeRetryEnabled"] = "true" }
        let component = try KafkaBinding.descriptor.make(Self.metadata(cluster, more), BrokerTestLoops.environment("binding"))
        let binding = try #require(component as? KafkaBinding)
        try await binding.start()
        let events = Mutex<[BindingEvent]>([])
        let feed = try await binding.read { event in
            events.withLock { $0.append(event) }
            return events.withLock { $0.count } == 1 ? .redeliver : .acknowledge(nil)
        }
        for text in ["one", "two"] {
            _ = try await binding.invoke(
                BindingRequest(operation: "create", data: ByteBuffer(string: text), metadata: ["partitionKey": "k", "h": text]))
        }
        try await eventually { events.withLock { $0.count } == (retries ? 3 : 2) }
        let texts = events.withLock { $0.map { String(buffer: $0.data) } }
        #expect(texts == (retries ? ["one", "one", "two"] : ["one", "two"]))
        #expect(events.withLock { $0.last?.metadata["h"] } == "two")
        await #expect(throws: CapabilityError.self) { try await binding.invoke(BindingRequest(operation: "get")) }
        await feed.close()
        await binding.close()
    }

    @Test(
        arguments: [
            ([:], "authType"), (["authType": "kerberos"], "authType"), (["authType": "password"], "saslUsername"),
            (["authType": "password", "saslUsername": "u"], "saslPassword"), (["authType": "certificate"], "caCert"),
            (["authType": "mtls", "clientCert": "x"], "clientCert"),
            (["authType": "mtls", "clientCert": "-----BEGIN X"], "clientKey"), (["authType": "mtls", "disableTls": "true"], "disableTls"),
            (["authType": "oidc"], "oidcTokenEndpoint"),
            (
                [
                    "authType": "oidc", "oidcTokenEndpoint": "http://x", "oidcClientID": "c", "oidcClientSecret": "s",
                    "oidcExtensions": "[]",
                ], "oidcExtensions"
            ),
            (["authType": "none", "initialOffset": "middle"], "initialOffset"), (["authType": "none", "version": "two"], "version"),
            (["authType": "none", "schemaRegistryURL": "http://x"], "schemaRegistryURL"),
            (["authType": "none", "schemaRegistryAPIKey": "x"], "schemaRegistryAPIKey"),
            (["authType": "none", "useAvroJSON": "true"], "useAvroJSON"),
            (["authType": "awsiam"], "authType"), (["authType": "none", "channelBufferSize": "0"], "channelBufferSize"),
            (["authType": "oidc", "oidcClientAssertionKey": "x"], "oidcClientAssertionKey"),
            (["authType": "none", "excludeHeaderMetaRegex": "("], "excludeHeaderMetaRegex"),
        ] as [([String: String], String)])
    func `metadata that makes no sense is named`(_ more: [String: String], _ field: String) {
        let error = #expect(throws: MetadataError.self) {
            try KafkaSettings(ComponentMetadata(["brokers": "localhost:9092"].merging(more) { $1 }), retriesByDefault: true)
        }
        #expect(error?.field == field)
    }

    /// Every field of the reference (Appendix F of the Dapr surface) is known here, so that none is passed over in silence.
    @Test(arguments: [KafkaPubSub.descriptor, KafkaBinding.descriptor]) func `every field of Dapr's component is decoded or refused`(
        _ descriptor: ComponentDescriptor
    ) throws {
        let reference = [
            "brokers", "consumerGroup", "clientID", "initialOffset", "maxMessageBytes", "consumeRetryInterval", "consumeRetryEnabled",
            "heartbeatInterval", "sessionTimeout", "version", "skipVerify", "disableTls", "channelBufferSize", "consumerFetchMin",
            "clientConnectionTopicMetadataRefreshInterval", "clientConnectionKeepAliveInterval", "dialTimeout", "readTimeout",
            "writeTimeout",
            "metadataTimeout", "producerRequiredAcks", "producerRetryMax", "consumerFetchDefault", "escapeHeaders", "compression",
            "consumerGroupRebalanceStrategy", "excludeHeaderMetaRegex", "authType", "oidcTokenEndpoint", "oidcClientID", "oidcClientSecret",
            "oidcScopes", "oidcExtensions", "saslUsername", "saslPassword", "saslMechanism", "caCert", "clientCert", "clientKey",
        ]
        let known = Set(descriptor.fields.map(\.name))
        #expect(Set(reference).subtracting(known).isEmpty)
        for (name, value) in [
            ("clientConnectionKeepAliveInterval", "90s"), ("metadataTimeout", "7s"), ("writeTimeout", "45s"), ("consumerFetchMin", "17"),
            ("consumerFetchDefault", "4096"), ("maxMessageBytes", "2048"), ("producerRequiredAcks", "leader"), ("producerRetryMax", "3"),
            ("compression", "zstd"), ("consumerGroupRebalanceStrategy", "roundrobin"), ("dialTimeout", "4s"), ("sessionTimeout", "11s"),
            ("heartbeatInterval", "2s"), ("clientID", "me"), ("initialOffset", "oldest"),
        ] {
            let settings = try KafkaSettings(
                ComponentMetadata(["brokers": "b:1", "authType": "none", name: value]), retriesByDefault: true)
            let plain = try KafkaSettings(ComponentMetadata(["brokers": "b:1", "authType": "none"]), retriesByDefault: true)
            let all = [settings, plain].map { ($0.common + $0.producer + $0.consumer).map { "\($0.0)=\($0.1)" } }
            #expect(all[0] != all[1], "\(name) changes nothing")
        }
    }

    @Test func `librdkafka takes every property, and says what it was built without`() async throws {
        let callbacks = KafkaClient.Callbacks(logger: Logger(label: "test"))
        for more in [
            ["authType": "none", "metadataTimeout": "1s", "clientConnectionKeepAliveInterval": "5m", "compression": "zstd"],
            ["authType": "password", "saslUsername": "u", "saslPassword": "p", "saslMechanism": "SHA-512", "disableTls": "true"],
        ] {
            let settings = try KafkaSettings(ComponentMetadata(["brokers": "127.0.0.1:1"].merging(more) { $1 }), retriesByDefault: true)
            try KafkaClient(RD_KAFKA_PRODUCER, settings.common + settings.producer, callbacks).destroy()
            try KafkaClient(RD_KAFKA_CONSUMER, settings.common + settings.consumer + [("group.id", "g")], callbacks).destroy()
        }
        let oidc = try KafkaSettings(
            ComponentMetadata([
                "brokers": "127.0.0.1:1", "authType": "oidc", "oidcTokenEndpoint": "http://127.0.0.1:1", "oidcClientID": "c",
                "oidcClientSecret": "secret",
            ]), retriesByDefault: true)
        do {
            try KafkaClient(RD_KAFKA_PRODUCER, oidc.common + oidc.producer, callbacks).destroy()
        } catch let error as CapabilityError {
            #expect(error.code == .misconfigured)
            #expect(error.message.contains("built without"), "\(error)")
        }
    }

    @Test(arguments: ["mtls", "certificate"]) func `TLS proves both sides as authType says`(_ type: String) async throws {
        let directory = try TemporaryDirectory()
        try await TestCertificates.make(in: directory)
        func pem(_ name: String) throws -> String { try TestCertificates.read("\(directory.path)/\(name)") }
        let port = try LoopbackPort.free()
        let server = try ServerProcess(
            "openssl",
            [
                "s_server", "-accept", "\(port)", "-cert", "server.pem", "-key", "server.key", "-CAfile", "ca.pem",
                "-state", "-quiet",
            ]
                + (type == "mtls" ? ["-Verify", "1", "-verify_return_error"] : []), directory: directory.path)
        var metadata = ["brokers": "localhost:\(port)", "authType": type, "caCert": try pem("ca.pem")]
        if type == "mtls" { metadata.merge(["clientCert": try pem("client.pem"), "clientKey": try pem("client.key")]) { $1 } }
        let broker = try #require(
            try KafkaPubSub.descriptor.make(ComponentMetadata(metadata), BrokerTestLoops.environment("pubsub")) as? KafkaPubSub)
        try await broker.start()
        try await eventually { server.output.contains("SSL_accept:SSLv3/TLS read finished") }
        #expect(server.output.contains("CN = client") == (type == "mtls"), "\(server.output)")
        server.killNow()
        await broker.close()
    }

    @Test func `Avro is refused in so many words`() async throws {
        let cluster = try KafkaMockCluster.shared.get()
        let broker = try await Self.connect(cluster)
        for metadata in [["valueSchemaType": "Avro"], ["valueschematype": "JSON"]] {
            let error = await #expect(throws: CapabilityError.self) {
                try await broker.publish(OutgoingMessage(topic: "t", data: ByteBuffer(), metadata: metadata))
            }
            #expect(error?.code == .unsupported)
            await #expect(throws: CapabilityError.self) {
                _ = try await broker.subscribe(SubscriptionRequest(topic: "t", consumerGroup: "g", metadata: metadata)) { _ in .acknowledge
                }
            }
        }
        try await broker.publish(OutgoingMessage(topic: "t", data: ByteBuffer(), metadata: ["valueSchemaType": "None"]))
        await broker.close()
    }

    @Test(
        arguments: [
            (["authType": "none"], ["security.protocol": "PLAINTEXT"]), (["authRequired": "false"], ["security.protocol": "PLAINTEXT"]),
            (
                ["authType": "password", "saslUsername": "u", "saslPassword": "p", "saslMechanism": "SHA-256"],
                ["security.protocol": "SASL_SSL", "sasl.mechanisms": "SCRAM-SHA-256", "sasl.username": "u", "sasl.password": "p"]
            ),
            (
                ["authRequired": "true", "saslUsername": "u", "saslPassword": "p", "disableTls": "true"],
                ["security.protocol": "SASL_PLAINTEXT", "sasl.mechanisms": "PLAIN"]
            ),
            (
                ["authType": "certificate", "caCert": "-----BEGIN C", "skipVerify": "true"],
                ["security.protocol": "SSL", "ssl.ca.pem": "-----BEGIN C", "enable.ssl.certificate.verification": "false"]
            ),
            (
                [
                    "authType": "oidc", "oidcTokenEndpoint": "http://x", "oidcClientID": "c", "oidcClientSecret": "s", "oidcScopes": "a,b",
                    "oidcExtensions": #"{"cluster":"lkc"}"#,
                ],
                ["sasl.mechanisms": "OAUTHBEARER", "sasl.oauthbearer.scope": "a b", "sasl.oauthbearer.extensions": "cluster=lkc"]
            ),
        ] as [([String: String], [String: String])])
    func `authentication becomes properties`(_ more: [String: String], _ expected: [String: String]) throws {
        let properties = Dictionary(try KafkaSecurity.properties(ComponentMetadata(more))) { $1 }
        for (name, value) in expected { #expect(properties[name] == value, "\(name)") }
    }

    private final class Record: Sendable {
        let confirmed = Mutex<Set<String>>([])
        let isOver = Atomic(false)
    }

    private func eventually(_ condition: () throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(40)
        while try !condition() {
            try #require(ContinuousClock.now < deadline, "in vain")
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
#endif
