import MechaCore
import MechaInvocation
import NIOCore
import Testing

@testable import MechaMessaging

@Suite struct MessageDeliveryTests {
    private func delivery(
        _ target: FakeTarget, _ broker: FakeBroker = FakeBroker(), deadLetter: String? = nil, metadata: [String: String] = [:],
        rules: [TopicSubscription.Rule] = [], path: String? = "/t", namespace: String = ""
    ) throws -> MessageDelivery {
        let subscription = TopicSubscription(
            pubsub: "bus", topic: "t", rules: rules, defaultPath: path, metadata: metadata, deadLetterTopic: deadLetter,
            origin: .programmatic)
        return try MessageDelivery(subscription, binding: binding(broker, namespace: namespace), target: target, context: context())
    }

    private func message(_ data: ByteBuffer = event(), attempt: Int? = nil, metadata: [String: String] = [:]) -> IncomingMessage {
        IncomingMessage(topic: "t", data: data, metadata: metadata, attempt: attempt)
    }

    @Test func `answers decide what the broker is told`() async throws {
        #expect(await (try delivery(FakeTarget())).deliver(message()) == .acknowledge)
        #expect(await (try delivery(FakeTarget { _, _ in .drop })).deliver(message()) == .acknowledge)
        #expect(await (try delivery(FakeTarget { _, _ in .retry(.other) })).deliver(message()) == .redeliver)
        #expect(await (try delivery(FakeTarget { _, _ in throw CancellationError() })).deliver(message()) == .redeliver)
    }

    @Test func `a dead letter is the message as it came, and the original is done with`() async throws {
        let broker = FakeBroker()
        let delivery = try delivery(FakeTarget { _, _ in .retry(.http(500)) }, broker, deadLetter: "dead", namespace: "ns-")
        let outcome = await delivery.deliver(message(event("7"), metadata: ["k": "v"]))
        #expect(outcome == .acknowledge)
        let letter = try #require(broker.published.first)
        #expect(letter.topic == "ns-dead" && letter.data == event("7") && letter.metadata == ["k": "v"])
    }

    @Test func `a dead letter that is not confirmed leaves the original with the broker`() async throws {
        let broker = FakeBroker()
        broker.refuse(true)
        #expect(await (try delivery(FakeTarget { _, _ in .drop }, broker, deadLetter: "dead")).deliver(message()) == .redeliver)
    }

    @Test func `what is no event is never acknowledged silently`() async throws {
        let target = FakeTarget()
        for text in ["", "[1]", "no json", "{"] {
            #expect(await (try delivery(target)).deliver(message(ByteBuffer(string: text))) == .redeliver)
        }
        let broker = FakeBroker()
        #expect(await (try delivery(target, broker, deadLetter: "dead")).deliver(message(ByteBuffer(string: "x"))) == .acknowledge)
        #expect(broker.published.count == 1 && target.events.isEmpty)
    }

    @Test func `an expired event is dropped before the subscriber`() async throws {
        let target = FakeTarget()
        let past = event("1", #","expiration":"2020-01-01T00:00:00Z""#)
        #expect(await (try delivery(target)).deliver(message(past)) == .acknowledge)
        #expect(target.events.isEmpty)
        let future = event("1", #","expiration":"2099-01-01T00:00:00+02:00""#)
        _ = await (try delivery(target)).deliver(message(future))
        #expect(target.events.count == 1)
    }

    @Test func `the broker's count of attempts ends retrying`() async throws {
        let broker = FakeBroker()
        let delivery = try delivery(
            FakeTarget { _, _ in .retry(.other) }, broker, deadLetter: "dead", metadata: ["maxDeliveryAttempts": "3"])
        #expect(await delivery.deliver(message(attempt: 1)) == .redeliver)
        #expect(await delivery.deliver(message(attempt: 2)) == .redeliver)
        #expect(await delivery.deliver(message(attempt: 3)) == .acknowledge)
        #expect(broker.published.count == 1)
    }

    @Test func `without a count the attempts are made in place`() async throws {
        let target = FakeTarget { _, _ in .retry(.other) }
        #expect(await (try delivery(target, metadata: ["maxDeliveryAttempts": "4"])).deliver(message()) == .acknowledge)
        #expect(target.events.count == 4)
        let patient = FakeTarget { count, _ in count < 3 ? .retry(.other) : .success }
        #expect(await (try delivery(patient, metadata: ["ordered": "true"])).deliver(message(attempt: 1)) == .acknowledge)
        #expect(patient.events.count == 3)
    }

    @Test func `rules that fail on an event do not match it`() async throws {
        let target = FakeTarget()
        let rules = [
            TopicSubscription.Rule(match: "event.nothing.deeper == 1", path: "/never"),
            TopicSubscription.Rule(match: #"event.type == "t""#, path: "/typed"),
        ]
        _ = await (try delivery(target, rules: rules)).deliver(message())
        #expect(target.events.map(\.route.path) == ["/typed"])
    }

    @Test(arguments: ["event.type ==", "unknown == 1", "event.type == 'a' &&"])
    func `a rule that is no expression names its place`(match: String) {
        #expect {
            try delivery(FakeTarget(), rules: [.init(match: "true", path: "/a"), .init(match: match, path: "/b")])
        } throws: { error in
            "\(error)".contains("rule 2")
        }
    }

    @Test(arguments: ["0", "-1", "x", "1e9"])
    func `a number of attempts must be one`(text: String) {
        #expect(throws: CapabilityError.self) { try delivery(FakeTarget(), metadata: ["maxDeliveryAttempts": text]) }
    }

    @Test func `a bulk is delivered in one call and settled one by one`() async throws {
        let target = FakeTarget()
        let bulk = BulkDelivery(try delivery(target), .init(maximumMessages: 3, maximumWaitMilliseconds: 60_000))
        let outcomes = await withTaskGroup(of: (Int, MessageOutcome).self) { group in
            for number in 0..<3 {
                let metadata = number == 1 ? ["fails": "yes"] : [:]
                group.addTask { (number, await bulk.deliver(IncomingMessage(topic: "t", data: event("\(number)"), metadata: metadata))) }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(outcomes == [0: .acknowledge, 1: .redeliver, 2: .acknowledge])
        #expect(target.bulks.map(\.entries.count) == [3])
    }

    @Test func `messages of a key keep their order and keys do not wait for each other`() async throws {
        let order = KeyedOrder()
        await order.enter("a")
        await order.enter("b")
        let second = Task {
            await order.enter("a")
            order.leave("a")
            return true
        }
        await Task.yield()
        order.leave("b")
        order.leave("a")
        #expect(await second.value)
    }
}
