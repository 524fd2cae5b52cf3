import NIOCore

/// Messages that came from the server, until all who want them have acknowledged them; only then the server is told.
/// Knows no channel and no clock.
///
/// When a connection is lost, messages stay with their handlers. A server that kept the session sends them again
/// under their old packet ids: they are recognised and not handed over twice.
struct MQTTInbox {
    typealias ID = UInt64

    enum Arrival: Equatable {
        /// New: to be handed over.
        case deliver(ID)
        /// Known and done with: tell the server.
        case write(MQTTPacket)
        /// Known and still with a handler.
        case known
        /// No room. With QoS 1 and 2 it stays the server's, see ``wantsReconnection``.
        case overflow
    }

    private struct Entry {
        var publish: MQTTPublish
        /// Nil when the server can no longer be told about it.
        var packetID: UInt16?
        /// It came, or came again, on the present connection.
        var isCurrent: Bool
        /// How many still have to acknowledge it; 0 when done.
        var parts = 1
    }

    private let capacity: Int
    private let byteCapacity: Int
    private var entries: [ID: Entry] = [:]
    private var byPacketID: [UInt16: ID] = [:]
    /// QoS 2: PUBREC is sent, PUBREL has not come.
    private var unreleased: Set<UInt16> = []
    private var bytes = 0
    private var lastID: ID = 0
    private var hasOverflowed = false

    init(limits: MQTTLimits) {
        capacity = limits.messagesHeld
        byteCapacity = limits.bytesHeld
    }

    var count: Int { entries.count }

    func publish(_ id: ID) -> MQTTPublish? { entries[id]?.publish }

    mutating func received(_ publish: MQTTPublish) -> Arrival {
        if publish.qos != .atMostOnce {
            if unreleased.contains(publish.packetID) { return .write(.step(MQTTStep(.pubrec, publish.packetID))) }
            if let known = known(publish) { return known }
        }
        guard entries.count < capacity, bytes < byteCapacity else {
            hasOverflowed = hasOverflowed || publish.qos != .atMostOnce
            return .overflow
        }
        lastID += 1
        let packetID = publish.qos == .atMostOnce ? nil : publish.packetID
        entries[lastID] = Entry(publish: publish, packetID: packetID, isCurrent: true)
        if let packetID { byPacketID[packetID] = lastID }
        bytes += publish.payload.readableBytes
        return .deliver(lastID)
    }

    private mutating func known(_ publish: MQTTPublish) -> Arrival? {
        guard let id = byPacketID[publish.packetID], let entry = entries[id] else { return nil }
        guard publish.isDuplicate, entry.publish.isSameMessage(as: publish) else {
            // The server has given the number to another message.
            byPacketID[publish.packetID] = nil
            entries[id]?.packetID = nil
            if entry.parts == 0 { remove(id) }
            return nil
        }
        entries[id]?.isCurrent = true
        guard entry.parts == 0 else { return .known }
        return .write(finish(id, publish.packetID))
    }

    /// So many have to acknowledge the message.
    mutating func share(_ id: ID, among parts: Int) { entries[id]?.parts = max(1, parts) }

    /// One of those has; answers what the server is to be told.
    mutating func acknowledge(_ id: ID) -> MQTTPacket? {
        guard let entry = entries[id], entry.parts > 0 else { return nil }
        entries[id]?.parts = entry.parts - 1
        guard entry.parts == 1 else { return nil }
        guard let packetID = entry.packetID else {
            remove(id)
            return nil
        }
        return entry.isCurrent ? finish(id, packetID) : nil
    }

    private mutating func finish(_ id: ID, _ packetID: UInt16) -> MQTTPacket {
        let qos = entries[id]?.publish.qos
        remove(id)
        guard qos == .exactlyOnce else { return .step(MQTTStep(.puback, packetID)) }
        unreleased.insert(packetID)
        return .step(MQTTStep(.pubrec, packetID))
    }

    /// PUBREL: the server will not send the message again.
    mutating func released(_ packetID: UInt16, version: MQTTVersion) -> MQTTPacket {
        let isKnown = unreleased.remove(packetID) != nil
        return .step(MQTTStep(.pubcomp, packetID, isKnown || version == .v311 ? .success : .packetIDNotFound))
    }

    mutating func disconnected() {
        hasOverflowed = false
        for (id, entry) in entries {
            if entry.parts == 0 {
                // The server has not sent it again on a whole connection: it has forgotten it.
                remove(id)
            } else {
                entries[id]?.isCurrent = false
            }
        }
    }

    mutating func connected(isSessionPresent: Bool) {
        guard !isSessionPresent else { return }
        unreleased.removeAll()
        byPacketID.removeAll()
        for (id, entry) in entries {
            entries[id]?.packetID = nil
            if entry.parts == 0 { remove(id) }
        }
    }

    /// Messages were left with the server for want of room, and there is room now: the server sends them again on a
    /// new connection.
    var wantsReconnection: Bool { hasOverflowed && entries.count <= capacity / 2 && bytes <= byteCapacity / 2 }

    private mutating func remove(_ id: ID) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        bytes -= entry.publish.payload.readableBytes
        if let packetID = entry.packetID, byPacketID[packetID] == id { byPacketID[packetID] = nil }
    }
}
