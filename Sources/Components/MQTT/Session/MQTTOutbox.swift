import MechaCore
import NIOCore

/// Messages on their way to the server, from the call that publishes to the server's confirmation, over as many
/// connections as it takes. Knows no channel and no clock.
///
/// The sessions that publish are clean ones: after a loss every message without confirmation is sent anew, which
/// may double it at the server and never loses it.
struct MQTTOutbox<Waiter> {
    enum Action {
        case write(MQTTPacket)
        case succeed(Waiter)
        case fail(Waiter, CapabilityError)
    }

    private struct Entry {
        var publish: MQTTPublish
        /// Nil when the caller has given up; the packet id stays taken.
        var waiter: Waiter?
        var deadline: NIODeadline
        var sequence: UInt64
    }

    private let limits: MQTTLimits
    private let version: MQTTVersion
    private var server: MQTTServerLimits?
    private var waiting = CircularBuffer<Entry>()
    private var waitingBytes = 0
    private var inFlight: [UInt16: Entry] = [:]
    private var lastPacketID: UInt16 = 0
    private var lastSequence: UInt64 = 0

    init(limits: MQTTLimits, version: MQTTVersion) {
        self.limits = limits
        self.version = version
    }

    /// Nobody waits for anything; what was given up may still be unconfirmed.
    var isEmpty: Bool { waiting.isEmpty && !inFlight.values.contains { $0.waiter != nil } }
    var inFlightCount: Int { inFlight.count }
    var waitingCount: Int { waiting.count }

    /// Messages that may be unanswered when one of `qos` is sent.
    private func window(_ qos: MQTTQoS) -> Int {
        if qos == .atMostOnce { return .max }
        if qos == .exactlyOnce, version == .v311 { return limits.unannouncedExactlyOnceInFlight }
        return min(limits.publishesInFlight, server?.receiveMaximum ?? 0)
    }

    /// A message is to be published; `publish` has no packet id yet.
    mutating func publish(_ publish: MQTTPublish, _ waiter: Waiter, deadline: NIODeadline) -> [Action] {
        if let refusal = server?.refusal(of: publish, version: version) { return [.fail(waiter, refusal)] }
        guard waiting.count < limits.publishesWaiting, waitingBytes < limits.bytesWaiting else {
            return [
                .fail(
                    waiter,
                    CapabilityError(.resourceExhausted, "too many messages wait for the MQTT server (publishesWaiting, bytesWaiting)"))
            ]
        }
        lastSequence += 1
        waitingBytes += publish.payload.readableBytes
        waiting.append(Entry(publish: publish, waiter: waiter, deadline: deadline, sequence: lastSequence))
        return fill()
    }

    /// A connection is ready.
    mutating func connected(_ server: MQTTServerLimits) -> [Action] {
        self.server = server
        // Back to the front of the queue, in the order in which they were published.
        let unconfirmed = inFlight.values.sorted { $0.sequence < $1.sequence }.filter { $0.waiter != nil }
        inFlight.removeAll()
        for entry in unconfirmed.reversed() {
            waiting.prepend(entry)
            waitingBytes += entry.publish.payload.readableBytes
        }
        return fill()
    }

    mutating func disconnected() { server = nil }

    /// The server cannot be reached: nobody waits any longer.
    mutating func unreachable(_ reason: CapabilityError) -> [Action] {
        var unknown = reason
        unknown.message += "; whether the server has the message is unknown"
        var actions = inFlight.values.sorted { $0.sequence < $1.sequence }.compactMap { entry in
            entry.waiter.map { Action.fail($0, unknown) }
        }
        actions += waiting.compactMap { entry in entry.waiter.map { .fail($0, reason) } }
        inFlight.removeAll()
        waiting.removeAll()
        waitingBytes = 0
        return actions
    }

    /// The server has answered.
    mutating func received(_ step: MQTTStep) -> [Action] {
        guard let entry = inFlight[step.packetID] else {
            // A PUBREC of a message that was given up: let the server forget it.
            return step.kind == .pubrec
                ? [.write(.step(MQTTStep(.pubrel, step.packetID, version == .v5 ? .packetIDNotFound : .success)))] : []
        }
        switch step.kind {
        case .pubrec where !step.reason.isFailure: return [.write(.step(MQTTStep(.pubrel, step.packetID)))]
        case .pubrel: return []
        case .puback, .pubcomp, .pubrec: break
        }
        inFlight[step.packetID] = nil
        var actions: [Action] = []
        if let waiter = entry.waiter {
            actions.append(step.reason.isFailure ? .fail(waiter, Self.failure(step)) : .succeed(waiter))
        }
        return actions + fill()
    }

    /// Gives up what is late. Answers the moment of the next deadline, too.
    mutating func expire(at now: NIODeadline) -> (actions: [Action], next: NIODeadline?) {
        var actions: [Action] = []
        var next: NIODeadline?
        for (id, entry) in inFlight {
            guard let waiter = entry.waiter else { continue }
            if entry.deadline <= now {
                inFlight[id]?.waiter = nil
                actions.append(
                    .fail(waiter, CapabilityError(.timeout, "the MQTT server has not confirmed the message in time (publishTimeout)")))
            } else {
                next = min(next ?? entry.deadline, entry.deadline)
            }
        }
        var kept = CircularBuffer<Entry>()
        for entry in waiting {
            if entry.deadline <= now, let waiter = entry.waiter {
                waitingBytes -= entry.publish.payload.readableBytes
                actions.append(.fail(waiter, CapabilityError(.timeout, "the message was not sent in time (publishTimeout)")))
            } else {
                next = min(next ?? entry.deadline, entry.deadline)
                kept.append(entry)
            }
        }
        waiting = kept
        return (actions, next)
    }

    private mutating func fill() -> [Action] {
        guard let server else { return [] }
        var actions: [Action] = []
        while let entry = waiting.first, inFlight.count < window(entry.publish.qos) {
            waiting.removeFirst()
            waitingBytes -= entry.publish.payload.readableBytes
            guard let waiter = entry.waiter else { continue }
            if let refusal = server.refusal(of: entry.publish, version: version) {
                actions.append(.fail(waiter, refusal))
                continue
            }
            var publish = entry.publish
            if publish.qos == .atMostOnce {
                actions.append(.write(.publish(publish)))
                actions.append(.succeed(waiter))
                continue
            }
            publish.packetID = freePacketID()
            var sent = entry
            sent.publish = publish
            inFlight[publish.packetID] = sent
            actions.append(.write(.publish(publish)))
        }
        return actions
    }

    private mutating func freePacketID() -> UInt16 {
        repeat { lastPacketID = lastPacketID == .max ? 1 : lastPacketID + 1 } while inFlight[lastPacketID] != nil
        return lastPacketID
    }

    private static func failure(_ step: MQTTStep) -> CapabilityError {
        let detail = step.properties.text(.reasonString).map { " (\($0))" } ?? ""
        return CapabilityError(step.reason.capabilityCode, "the MQTT server refused the message: \(step.reason)\(detail)")
    }
}
