import NIOCore
import Testing

@testable import MechaMQTT

@Suite struct MQTTInboxTests {
    private func inbox(_ capacity: Int = 10) -> MQTTInbox {
        var limits = MQTTLimits()
        limits.messagesHeld = capacity
        return MQTTInbox(limits: limits)
    }

    private func message(_ id: UInt16, _ text: String = "x", qos: MQTTQoS = .atLeastOnce, again: Bool = false) -> MQTTPublish {
        MQTTPublish(topic: "t", payload: ByteBuffer(string: text), qos: qos, isDuplicate: again, packetID: qos == .atMostOnce ? 0 : id)
    }

    @Test func `the server is told after the acknowledgement, once`() {
        var box = inbox()
        #expect(box.received(message(5)) == .deliver(1))
        #expect(box.acknowledge(1) == .step(MQTTStep(.puback, 5)))
        #expect(box.acknowledge(1) == nil)
        #expect(box.count == 0)
    }

    @Test func `all who share a message have to acknowledge it`() {
        var box = inbox()
        _ = box.received(message(5))
        box.share(1, among: 2)
        #expect(box.acknowledge(1) == nil)
        #expect(box.acknowledge(1) == .step(MQTTStep(.puback, 5)))
    }

    @Test func `QoS 2 is held until PUBREL`() {
        var box = inbox()
        #expect(box.received(message(5, qos: .exactlyOnce)) == .deliver(1))
        #expect(box.acknowledge(1) == .step(MQTTStep(.pubrec, 5)))
        #expect(box.received(message(5, qos: .exactlyOnce, again: true)) == .write(.step(MQTTStep(.pubrec, 5))))
        #expect(box.released(5, version: .v5) == .step(MQTTStep(.pubcomp, 5)))
        #expect(box.released(5, version: .v5) == .step(MQTTStep(.pubcomp, 5, .packetIDNotFound)))
        #expect(box.released(5, version: .v311) == .step(MQTTStep(.pubcomp, 5)))
        #expect(box.received(message(5, qos: .exactlyOnce)) == .deliver(2))
    }

    @Test func `a message that comes again while its handler works is not handed over twice`() {
        var box = inbox()
        _ = box.received(message(5))
        box.disconnected()
        box.connected(isSessionPresent: true)
        #expect(box.received(message(5, again: true)) == .known)
        #expect(box.acknowledge(1) == .step(MQTTStep(.puback, 5)))
    }

    @Test func `a message that was acknowledged while the connection was down is answered when it comes again`() {
        var box = inbox()
        _ = box.received(message(5))
        box.disconnected()
        #expect(box.acknowledge(1) == nil)
        box.connected(isSessionPresent: true)
        #expect(box.received(message(5, again: true)) == .write(.step(MQTTStep(.puback, 5))))
        #expect(box.count == 0)
    }

    @Test func `acknowledged on the new connection before it came again: answered when it does`() {
        var box = inbox()
        _ = box.received(message(5))
        box.disconnected()
        box.connected(isSessionPresent: true)
        #expect(box.acknowledge(1) == nil)
        #expect(box.received(message(5, again: true)) == .write(.step(MQTTStep(.puback, 5))))
    }

    @Test func `another message under an old number is another message`() {
        var box = inbox()
        _ = box.received(message(5))
        _ = box.received(message(6))
        box.disconnected()
        box.connected(isSessionPresent: true)
        #expect(box.received(message(5, "y")) == .deliver(3))
        #expect(box.received(message(6, "z", again: true)) == .deliver(4))
        #expect(box.acknowledge(1) == nil)
        #expect(box.acknowledge(3) == .step(MQTTStep(.puback, 5)))
        #expect(box.acknowledge(4) == .step(MQTTStep(.puback, 6)))
        #expect(box.count == 1)
    }

    @Test func `without a session nothing is told about old messages`() {
        var box = inbox()
        _ = box.received(message(5))
        _ = box.received(message(6, qos: .exactlyOnce))
        _ = box.acknowledge(2)
        box.disconnected()
        box.connected(isSessionPresent: false)
        #expect(box.acknowledge(1) == nil)
        #expect(box.count == 0)
        #expect(box.received(message(6, qos: .exactlyOnce)) == .deliver(3))
    }

    @Test func `what is acknowledged and never comes again is forgotten with the next connection`() {
        var box = inbox()
        _ = box.received(message(5))
        box.disconnected()
        _ = box.acknowledge(1)
        box.connected(isSessionPresent: true)
        #expect(box.count == 1)
        box.disconnected()
        #expect(box.count == 0)
    }

    @Test func `what has no room stays the server's and is fetched when there is room`() {
        var box = inbox(2)
        _ = box.received(message(1))
        _ = box.received(message(2))
        #expect(box.received(message(3)) == .overflow)
        #expect(!box.wantsReconnection)
        _ = box.acknowledge(1)
        #expect(box.wantsReconnection)
        box.disconnected()
        box.connected(isSessionPresent: true)
        #expect(!box.wantsReconnection)
        #expect(box.received(message(2, again: true)) == .known)
        #expect(box.received(message(3, again: true)) == .deliver(3))
    }

    @Test func `QoS 0 beyond the bound is lost, as QoS 0 may be`() {
        var box = inbox(1)
        #expect(box.received(message(0, qos: .atMostOnce)) == .deliver(1))
        #expect(box.received(message(0, qos: .atMostOnce)) == .overflow)
        #expect(box.acknowledge(1) == nil)
        #expect(!box.wantsReconnection)
        #expect(box.received(message(0, qos: .atMostOnce)) == .deliver(2))
    }
}
