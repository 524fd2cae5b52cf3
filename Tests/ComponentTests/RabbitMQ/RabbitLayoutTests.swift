import MechaCore
import NIOCore
import Testing

@testable import MechaRabbitMQ

@Suite struct RabbitLayoutTests {
    private func request(_ metadata: [String: String] = [:]) -> SubscriptionRequest {
        SubscriptionRequest(topic: "orders", consumerGroup: "app", metadata: metadata)
    }

    @Test func `a topic is a fanout exchange with a classic queue for each group`() throws {
        let methods = RabbitLayout().methods(try RabbitSubscription(request()))
        #expect(
            methods == [
                .exchangeDeclare(AMQPExchangeDeclare(name: "orders", kind: "fanout", isDurable: false, isAutoDeleted: true)),
                .queueDeclare(
                    AMQPQueueDeclare(
                        name: "app-orders", isDurable: false, isAutoDeleted: true, arguments: ["x-queue-type": .text("classic")])),
                .queueBind(queue: "app-orders", exchange: "orders", routingKey: "", arguments: [:]),
            ])
    }

    @Test func `metadata shape exchange, queue and dead letters`() throws {
        let settings = try RabbitPubSubSettings(
            ComponentMetadata([
                "durable": "true", "deletedWhenUnused": "false", "enableDeadLetter": "true", "maxLen": "10", "maxLenBytes": "1000",
                "exchangeKind": "topic",
            ]))
        let subscription = try RabbitSubscription(
            request([
                "queueName": "mine", "routingKey": "a.*,b", "queueType": "quorum", "maxPriority": "300", "maxLen": "5",
                "singleActiveConsumer": "true",
            ]))
        #expect(settings.refusal == .discard)
        #expect(
            settings.layout.methods(subscription) == [
                .exchangeDeclare(AMQPExchangeDeclare(name: "orders", kind: "topic", isDurable: true, isAutoDeleted: false)),
                .exchangeDeclare(AMQPExchangeDeclare(name: "dlx-mine", kind: "fanout", isDurable: true, isAutoDeleted: false)),
                .queueDeclare(
                    AMQPQueueDeclare(
                        name: "dlq-mine", isDurable: true, isAutoDeleted: false,
                        arguments: ["x-max-length": .int64(10), "x-max-length-bytes": .int64(1000), "x-queue-mode": .text("lazy")])),
                .queueBind(queue: "dlq-mine", exchange: "dlx-mine", routingKey: "", arguments: [:]),
                .queueDeclare(
                    AMQPQueueDeclare(
                        name: "mine", isDurable: true, isAutoDeleted: false,
                        arguments: [
                            "x-max-length-bytes": .int64(1000), "x-dead-letter-exchange": .text("dlx-mine"), "x-max-priority": .uint8(255),
                            "x-queue-type": .text("quorum"), "x-single-active-consumer": .bool(true), "x-max-length": .int64(5),
                        ])),
                .queueBind(queue: "mine", exchange: "orders", routingKey: "a.*", arguments: [:]),
                .queueBind(queue: "mine", exchange: "orders", routingKey: "b", arguments: [:]),
            ])
    }

    @Test(arguments: [["queueType": "fast"], ["maxPriority": "high"], ["maxLen": "-1"], ["singleActiveConsumer": "maybe"]])
    func `bad subscription metadata name the field`(_ metadata: [String: String]) throws {
        let error = #expect(throws: CapabilityError.self) { try RabbitSubscription(request(metadata)) }
        #expect(error?.code == .invalidArgument && error?.message.contains(metadata.keys.first ?? "") == true)
    }

    @Test func `how often a message came is read where the server counts`() {
        func attempt(_ headers: AMQPTable?, again: Bool = false, isQuorum: Bool = false) -> Int? {
            RabbitDelivery(
                generation: 0, deliver: AMQPDeliver(consumerTag: "", deliveryTag: 1, isRedelivered: again, exchange: "", routingKey: ""),
                properties: AMQPProperties(headers: headers), body: ByteBuffer()
            ).attempt(queue: "q", isQuorum: isQuorum)
        }
        #expect(attempt(nil) == nil && attempt(nil, isQuorum: true) == 1)
        #expect(attempt(nil, again: true) == nil)
        #expect(attempt(["x-delivery-count": .int64(2)], again: true) == 3)
        let deaths: AMQPValue = .array([
            .table(["queue": .text("q"), "count": .int64(4)]), .table(["queue": .text("other"), "count": .int64(9)]),
        ])
        #expect(attempt(["x-death": deaths]) == 5)
    }

    @Test(arguments: [
        [:], ["connectionString": "http://h"], ["connectionString": "nothing"], ["connectionString": "amqp://h", "protocol": "amqps"],
        ["connectionString": "amqp://h", "deliveryMode": "3"], ["connectionString": "amqp://h", "prefetchCount": "-1"],
        ["connectionString": "amqp://h", "exchangeKind": "round"], ["connectionString": "amqp://h", "ttlInSeconds": "0"],
        ["connectionString": "amqp://h", "saslExternal": "true"], ["connectionString": "amqps://h", "caCert": "x"],
        ["connectionString": "amqp://h", "heartBeat": "soon"], ["connectionString": "amqp://h", "concurrency": "some"],
        ["connectionString": "amqp://h", "maxLen": "-5"], ["hostname": "a b"], ["connectionString": "amqp://h/%zz"],
    ])
    func `bad metadata name the field`(_ metadata: [String: String]) {
        #expect(throws: MetadataError.self) {
            _ = try ComponentMetadata(metadata).validate(against: RabbitPubSub.descriptor.fields)
            _ = try RabbitPubSub.descriptor.make(ComponentMetadata(metadata), BrokerTestLoops.environment("pubsub"))
        }
    }

    @Test func `both ways to name a server`() throws {
        var found = try RabbitPubSubSettings.connection(ComponentMetadata(["connectionString": "amqps://a:b%40c@h:1/v%2Fw"]), name: "n")
        #expect(found.login == .plain(username: "a", password: "b@c") && found.virtualHost == "v/w" && found.dialer.port == 1)
        found = try RabbitPubSubSettings.connection(
            ComponentMetadata(["hostname": "h", "protocol": "amqps", "username": "u", "password": "p"]), name: "n")
        #expect(found.login == .plain(username: "u", password: "p") && found.virtualHost == "/" && found.dialer.port == 5671)
        found = try RabbitPubSubSettings.connection(ComponentMetadata(["connectionString": "amqp://h/"]), name: "n")
        #expect(found.login == .plain(username: "guest", password: "guest") && found.virtualHost == "/" && found.dialer.port == 5672)
    }
}
