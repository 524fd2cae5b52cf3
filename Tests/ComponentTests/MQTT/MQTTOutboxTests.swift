import MechaCore
import NIOCore
import Testing

@testable import MechaMQTT

@Suite struct MQTTOutboxTests {
    private let late = NIODeadline.uptimeNanoseconds(1_000)

    private func outbox(_ version: MQTTVersion = .v311, inFlight: Int = 2, waiting: Int = 3) -> MQTTOutbox<Int> {
        var limits = MQTTLimits()
        limits.publishesInFlight = inFlight
        limits.publishesWaiting = waiting
        return MQTTOutbox(limits: limits, version: version)
    }

    private func message(_ text: String, _ qos: MQTTQoS = .atLeastOnce) -> MQTTPublish {
        MQTTPublish(topic: text, payload: ByteBuffer(string: text), qos: qos)
    }

    /// Actions as short words: `>a1` for a packet of topic a with id 1, `+7` for success of 7, `-7 code` for failure.
    private func words(_ actions: [MQTTOutbox<Int>.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .write(.publish(let publish)): ">\(publish.topic)\(publish.packetID)\(publish.isDuplicate ? "dup" : "")"
            case .write(.step(let step)): ">\(step.kind)\(step.packetID)"
            case .write(let packet): ">\(packet.type)"
            case .succeed(let waiter): "+\(waiter)"
            case .fail(let waiter, let error): "-\(waiter) \(error.code)"
            }
        }
    }

    @Test func `messages are sent up to the window, and one more for each that is confirmed`() {
        var box = outbox()
        #expect(words(box.publish(message("a"), 1, deadline: late)) == [])
        #expect(words(box.connected(MQTTServerLimits())) == [">a1"])
        #expect(words(box.publish(message("b"), 2, deadline: late)) == [">b2"])
        #expect(words(box.publish(message("c"), 3, deadline: late)) == [])
        #expect(words(box.received(MQTTStep(.puback, 2))) == ["+2", ">c3"])
        #expect(words(box.received(MQTTStep(.puback, 2))) == [])
        #expect(words(box.received(MQTTStep(.puback, 1))) == ["+1"])
        #expect(words(box.received(MQTTStep(.puback, 3))) == ["+3"])
        #expect(box.isEmpty)
    }

    @Test func `the server's window is kept`() {
        var box = outbox()
        var connack = MQTTConnack()
        connack.properties.append(.receiveMaximum, .two(1))
        _ = box.connected(MQTTServerLimits(connack))
        #expect(words(box.publish(message("a"), 1, deadline: late)) == [">a1"])
        #expect(words(box.publish(message("b"), 2, deadline: late)) == [])
        #expect(words(box.received(MQTTStep(.puback, 1))) == ["+1", ">b2"])
    }

    @Test func `QoS 0 is done when it is written, also when the window is full`() {
        var box = outbox(inFlight: 1)
        _ = box.connected(MQTTServerLimits())
        _ = box.publish(message("a"), 1, deadline: late)
        #expect(words(box.publish(message("b", .atMostOnce), 2, deadline: late)) == [">b0", "+2"])
    }

    @Test func `QoS 2 takes four steps`() {
        var box = outbox()
        _ = box.connected(MQTTServerLimits())
        #expect(words(box.publish(message("a", .exactlyOnce), 1, deadline: late)) == [">a1"])
        #expect(words(box.received(MQTTStep(.pubrec, 1))) == [">pubrel1"])
        #expect(words(box.received(MQTTStep(.pubcomp, 1))) == ["+1"])
        #expect(words(box.received(MQTTStep(.pubrec, 9))) == [">pubrel9"])
    }

    @Test func `after a loss everything unconfirmed is sent again in the old order, before what is new`() {
        var box = outbox()
        _ = box.connected(MQTTServerLimits())
        _ = box.publish(message("a"), 1, deadline: late)
        _ = box.publish(message("b"), 2, deadline: late)
        _ = box.publish(message("c"), 3, deadline: late)
        box.disconnected()
        #expect(words(box.publish(message("d"), 4, deadline: late)) == [])
        #expect(words(box.connected(MQTTServerLimits())) == [">a3", ">b4"])
        #expect(words(box.received(MQTTStep(.puback, 3))) == ["+1", ">c5"])
        #expect(words(box.received(MQTTStep(.puback, 4))) == ["+2", ">d6"])
    }

    @Test func `when the server cannot be reached, everyone is told`() {
        var box = outbox()
        _ = box.connected(MQTTServerLimits())
        for waiter in 1...3 { _ = box.publish(message("a"), waiter, deadline: late) }
        box.disconnected()
        let actions = box.unreachable(CapabilityError(.unavailable, "away"))
        #expect(words(actions) == ["-1 unavailable", "-2 unavailable", "-3 unavailable"])
        let messages = actions.map { if case .fail(_, let error) = $0 { error.message } else { "" } }
        #expect(
            messages == [
                "away; whether the server has the message is unknown", "away; whether the server has the message is unknown", "away",
            ])
        #expect(box.isEmpty)
        #expect(words(box.connected(MQTTServerLimits())) == [])
    }

    @Test func `what is late is given up, and its packet id stays taken until the server answers`() {
        var box = outbox(inFlight: 1)
        _ = box.connected(MQTTServerLimits())
        _ = box.publish(message("a"), 1, deadline: .uptimeNanoseconds(10))
        _ = box.publish(message("b"), 2, deadline: .uptimeNanoseconds(30))
        var (actions, next) = box.expire(at: .uptimeNanoseconds(9))
        #expect(words(actions) == [] && next == .uptimeNanoseconds(10))
        (actions, next) = box.expire(at: .uptimeNanoseconds(10))
        #expect(words(actions) == ["-1 timeout"] && next == .uptimeNanoseconds(30))
        #expect(words(box.received(MQTTStep(.puback, 1))) == [">b2"])
        #expect(words(box.expire(at: .uptimeNanoseconds(30)).actions) == ["-2 timeout"])
        // Nobody waits for it: not sent again.
        #expect(words(box.connected(MQTTServerLimits())) == [])
    }

    @Test func `refusals of the server and of its limits have their code`() {
        var box = outbox(.v5)
        var connack = MQTTConnack()
        connack.properties.append(.maximumPacketSize, .four(20))
        connack.properties.append(.maximumQoS, .byte(1))
        connack.properties.append(.retainAvailable, .byte(0))
        #expect(words(box.publish(message("this is longer than 20"), 1, deadline: late)) == [])
        #expect(words(box.connected(MQTTServerLimits(connack))) == ["-1 invalid argument"])
        #expect(words(box.publish(message("a", .exactlyOnce), 2, deadline: late)) == ["-2 unsupported"])
        var kept = message("a")
        kept.isRetained = true
        #expect(words(box.publish(kept, 3, deadline: late)) == ["-3 unsupported"])
        #expect(words(box.publish(message("a"), 4, deadline: late)) == [">a1"])
        #expect(words(box.received(MQTTStep(.puback, 1, .notAuthorized))) == ["-4 permission denied"])
        _ = box.publish(message("a"), 5, deadline: late)
        #expect(words(box.received(MQTTStep(.puback, 2, .noMatchingSubscribers))) == ["+5"])
    }

    @Test func `the queue is bounded`() {
        var box = outbox()
        for waiter in 1...3 { _ = box.publish(message("a"), waiter, deadline: late) }
        #expect(words(box.publish(message("a"), 4, deadline: late)) == ["-4 resource exhausted"])
    }

    @Test func `packet ids go round and skip those in use`() {
        var box = outbox(inFlight: 2, waiting: 10)
        _ = box.connected(MQTTServerLimits())
        _ = box.publish(message("a"), 0, deadline: late)
        for id in 2...65_535 {
            #expect(words(box.publish(message("b"), id, deadline: late)) == [">b\(id)"])
            _ = box.received(MQTTStep(.puback, UInt16(id)))
        }
        #expect(words(box.publish(message("b"), 1, deadline: late)) == [">b2"])
    }
}
