import MechaCore
import NIOCore
import Testing

@testable import MechaRabbitMQ

@Suite struct RabbitOutboxTests {
    private let late = NIODeadline.uptimeNanoseconds(1_000)

    private func outbox(inFlight: Int = 3, waiting: Int = 4) -> RabbitOutbox<Int> {
        var limits = RabbitLimits()
        limits.publishesInFlight = inFlight
        limits.publishesWaiting = waiting
        limits.publishAttempts = 3
        return RabbitOutbox(limits: limits)
    }

    private func message(_ exchange: String, _ body: String = "", mandatory: Bool = false) -> RabbitPublish {
        RabbitPublish(
            exchange: exchange, routingKey: "", isMandatory: mandatory, properties: AMQPProperties(), body: ByteBuffer(string: body))
    }

    /// `>ex` for a message sent, `?ex` for an exchange to prepare, `+7` for success of 7, `-7 code` for failure.
    private func words(_ actions: [RabbitOutbox<Int>.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .send(let publish): ">\(publish.exchange)"
            case .prepare(let exchange): "?\(exchange)"
            case .succeed(let waiter): "+\(waiter)"
            case .fail(let waiter, let error): "-\(waiter) \(error.code)"
            }
        }
    }

    /// A box with an open channel and `exchanges` declared.
    private func open(_ exchanges: String..., inFlight: Int = 3) -> RabbitOutbox<Int> {
        var box = outbox(inFlight: inFlight)
        _ = box.opened()
        for exchange in exchanges { _ = box.prepared(exchange) }
        return box
    }

    @Test func `an exchange is prepared once, and what needs it waits`() {
        var box = outbox()
        #expect(words(box.publish(message("a"), 1, deadline: late)) == [])
        #expect(words(box.opened()) == ["?a"])
        #expect(words(box.publish(message("a"), 2, deadline: late)) == [])
        #expect(words(box.prepared("a")) == [">a", ">a"])
        #expect(words(box.publish(message("b"), 3, deadline: late)) == ["?b"])
        #expect(words(box.prepared("b")) == [">b"])
    }

    @Test func `an exchange that cannot be had fails its messages and no others`() {
        var box = outbox()
        for (waiter, exchange) in ["a", "b", "a"].enumerated() { _ = box.publish(message(exchange), waiter, deadline: late) }
        #expect(words(box.opened()) == ["?a"])
        #expect(
            words(box.unprepared("a", CapabilityError(.misconfigured, "other kind"))) == ["-0 misconfigured", "-2 misconfigured", "?b"])
        #expect(words(box.prepared("b")) == [">b"])
    }

    @Test func `confirms come alone, together, and out of order`() {
        var box = open("a", inFlight: 4)
        for waiter in 1...4 { _ = box.publish(message("a"), waiter, deadline: late) }
        #expect(words(box.publish(message("a"), 5, deadline: late)) == [])
        #expect(words(box.confirmed(2, isMultiple: false, isTaken: true)) == ["+2", ">a"])
        #expect(words(box.confirmed(3, isMultiple: true, isTaken: true)) == ["+1", "+3"])
        #expect(words(box.confirmed(3, isMultiple: false, isTaken: true)) == [])
        #expect(words(box.confirmed(99, isMultiple: true, isTaken: true)) == [])
        #expect(words(box.confirmed(4, isMultiple: false, isTaken: false)) == ["-4 backend error"])
        #expect(words(box.confirmed(0, isMultiple: true, isTaken: true)) == ["+5"])
        #expect(box.isEmpty)
    }

    @Test func `after a loss everything unconfirmed is sent again in order, on new tags`() {
        var box = open("a")
        for waiter in 1...4 { _ = box.publish(message("a"), waiter, deadline: late) }
        _ = box.confirmed(2, isMultiple: false, isTaken: true)
        box.closed()
        #expect(words(box.opened()) == ["?a"])
        #expect(words(box.prepared("a")) == [">a", ">a", ">a"])
        #expect(words(box.confirmed(3, isMultiple: true, isTaken: true)) == ["+1", "+3", "+4"])
    }

    @Test func `a message on which the channel closes each time is given up`() {
        var box = open("a")
        _ = box.publish(message("a"), 1, deadline: late)
        for _ in 0..<2 {
            box.closed()
            #expect(words(box.opened()) == ["?a"])
            #expect(words(box.prepared("a")) == [">a"])
        }
        box.closed()
        #expect(words(box.opened()) == ["-1 backend error"])
        #expect(box.isEmpty)
    }

    @Test func `a blocked server gets nothing until it takes messages again`() {
        var box = open("a")
        #expect(words(box.blocked(true)) == [])
        #expect(words(box.publish(message("a"), 1, deadline: .uptimeNanoseconds(10))) == [])
        #expect(words(box.publish(message("a"), 2, deadline: late)) == [])
        let (actions, next) = box.expire(at: .uptimeNanoseconds(10))
        #expect(words(actions) == ["-1 timeout"] && next == late)
        #expect(words(box.blocked(false)) == [">a"])
    }

    @Test func `returned messages fail with not found, and their confirm says nothing more`() {
        var box = open("a")
        _ = box.publish(message("a", "x", mandatory: true), 1, deadline: late)
        _ = box.publish(message("a", "y", mandatory: true), 2, deadline: late)
        #expect(
            words(box.returned(exchange: "a", routingKey: "", body: ByteBuffer(string: "y"), reason: "312 NO_ROUTE")) == ["-2 not found"])
        #expect(words(box.returned(exchange: "b", routingKey: "", body: ByteBuffer(string: "y"), reason: "")) == [])
        #expect(words(box.confirmed(2, isMultiple: true, isTaken: true)) == ["+1"])
        #expect(box.isEmpty)
    }

    @Test func `when the server cannot be reached everyone is told what is known`() {
        var box = open("a", inFlight: 1)
        _ = box.publish(message("a"), 1, deadline: late)
        _ = box.publish(message("a"), 2, deadline: late)
        box.closed()
        let failures = box.unreachable(CapabilityError(.unavailable, "away")).map {
            if case .fail(_, let error) = $0 { error.message } else { "" }
        }
        #expect(failures == ["away; whether the server has the message is unknown", "away"])
        #expect(box.isEmpty)
    }

    @Test func `what is late is given up and not sent again`() {
        var box = open("a")
        _ = box.publish(message("a"), 1, deadline: .uptimeNanoseconds(5))
        #expect(words(box.expire(at: .uptimeNanoseconds(5)).actions) == ["-1 timeout"])
        box.closed()
        #expect(words(box.opened()) == [])
        #expect(box.isEmpty)
    }

    @Test func `the queue is bounded`() {
        var box = outbox()
        for waiter in 1...4 { _ = box.publish(message("a"), waiter, deadline: late) }
        #expect(words(box.publish(message("a"), 5, deadline: late)) == ["-5 resource exhausted"])
    }
}
