import MechaCore
import NIOCore

/// Messages on their way to the server, from the call that publishes to the server's confirmation, over as many channels
/// and connections as it takes. Knows no channel and no clock.
///
/// After a loss every message without confirmation is sent anew, which may double it at the server and never loses it.
struct RabbitOutbox<Waiter> {
    enum Action {
        case send(RabbitPublish)
        /// What messages for this exchange need must be declared; ``prepared(_:)`` or ``unprepared(_:_:)`` follows.
        case prepare(exchange: String)
        case succeed(Waiter)
        case fail(Waiter, CapabilityError)
    }

    private struct Entry {
        var publish: RabbitPublish
        /// Nil when the caller has given up or was told.
        var waiter: Waiter?
        var deadline: NIODeadline
        var attempts = 0
    }

    private let limits: RabbitLimits
    private var waiting = CircularBuffer<Entry>()
    /// By delivery tag; `firstTag` belongs to the first.
    private var inFlight = CircularBuffer<Entry?>()
    private var firstTag: UInt64 = 1
    private var unconfirmed = 0
    private var bytes = 0
    private var isOpen = false
    private var isBlocked = false
    private var known: Set<String> = []
    private var preparing: String?

    init(limits: RabbitLimits) { self.limits = limits }

    /// Nobody waits for anything; what was given up may still be unconfirmed.
    var isEmpty: Bool { waiting.isEmpty && !inFlight.contains { $0?.waiter != nil } }
    var waitingCount: Int { waiting.count }
    var inFlightCount: Int { unconfirmed }

    mutating func publish(_ publish: RabbitPublish, _ waiter: Waiter, deadline: NIODeadline) -> [Action] {
        guard waiting.count < limits.publishesWaiting, bytes < limits.bytesWaiting else {
            return [
                .fail(waiter, CapabilityError(.resourceExhausted, "too many messages wait for RabbitMQ (publishesWaiting, bytesWaiting)"))
            ]
        }
        bytes += publish.body.readableBytes
        waiting.append(Entry(publish: publish, waiter: waiter, deadline: deadline))
        return fill()
    }

    /// A channel in confirm mode is open. Exchanges that were declared may have gone with the last one.
    mutating func opened() -> [Action] {
        isOpen = true
        isBlocked = false
        known.removeAll()
        preparing = nil
        return requeue() + fill()
    }

    mutating func closed() { isOpen = false }

    /// The server takes no messages for now, or takes them again.
    mutating func blocked(_ isBlocked: Bool) -> [Action] {
        self.isBlocked = isBlocked
        return fill()
    }

    /// What the messages of an exchange need is there.
    mutating func prepared(_ exchange: String) -> [Action] {
        if known.count >= limits.exchangesKnown { known.removeAll() }
        known.insert(exchange)
        if preparing == exchange { preparing = nil }
        return fill()
    }

    /// It cannot be had: those messages fail.
    mutating func unprepared(_ exchange: String, _ reason: CapabilityError) -> [Action] {
        if preparing == exchange { preparing = nil }
        var actions: [Action] = []
        let entries = waiting
        waiting.removeAll()
        for entry in entries {
            guard entry.publish.exchange == exchange else {
                waiting.append(entry)
                continue
            }
            bytes -= entry.publish.body.readableBytes
            if let waiter = entry.waiter { actions.append(.fail(waiter, reason)) }
        }
        return actions + fill()
    }

    /// The server has taken (or refused) a message, or all up to it.
    mutating func confirmed(_ tag: UInt64, isMultiple: Bool, isTaken: Bool) -> [Action] {
        guard tag >= firstTag || (isMultiple && tag == 0), !inFlight.isEmpty else { return [] }
        let last = tag == 0 ? inFlight.count - 1 : Int(min(tag - firstTag, UInt64(inFlight.count)))
        guard last < inFlight.count else { return [] }
        var actions: [Action] = []
        for index in (isMultiple ? 0 : last)...last {
            let position = inFlight.index(inFlight.startIndex, offsetBy: index)
            guard let entry = inFlight[position] else { continue }
            inFlight[position] = nil
            unconfirmed -= 1
            bytes -= entry.publish.body.readableBytes
            guard let waiter = entry.waiter else { continue }
            actions.append(
                isTaken
                    ? .succeed(waiter)
                    : .fail(
                        waiter, CapabilityError(.backend, "RabbitMQ could not take the message (basic.nack): a queue is full or failed")))
        }
        while let first = inFlight.first, first == nil {
            inFlight.removeFirst()
            firstTag += 1
        }
        return actions + fill()
    }

    /// The server gave back a mandatory message; its confirmation follows.
    mutating func returned(exchange: String, routingKey: String, body: ByteBuffer?, reason: String) -> [Action] {
        for index in inFlight.indices {
            guard let entry = inFlight[index], let waiter = entry.waiter, entry.publish.isMandatory, entry.publish.exchange == exchange,
                entry.publish.routingKey == routingKey, body == nil || entry.publish.body == body
            else { continue }
            inFlight[index]?.waiter = nil
            return [.fail(waiter, CapabilityError(.notFound, "the message reaches no queue: \(reason)"))]
        }
        return []
    }

    /// The server cannot be reached: nobody waits any longer.
    mutating func unreachable(_ reason: CapabilityError) -> [Action] {
        var unknown = reason
        unknown.message += "; whether the server has the message is unknown"
        var actions = inFlight.compactMap { $0?.waiter }.map { Action.fail($0, unknown) }
        actions += waiting.compactMap { entry in entry.waiter.map { .fail($0, entry.attempts > 0 ? unknown : reason) } }
        inFlight.removeAll()
        waiting.removeAll()
        firstTag = 1
        unconfirmed = 0
        bytes = 0
        preparing = nil
        return actions
    }

    /// Gives up what is late. Answers the moment of the next deadline, too.
    mutating func expire(at now: NIODeadline) -> (actions: [Action], next: NIODeadline?) {
        var actions: [Action] = []
        var next: NIODeadline?
        for index in inFlight.indices {
            guard let entry = inFlight[index], let waiter = entry.waiter else { continue }
            if entry.deadline <= now {
                inFlight[index]?.waiter = nil
                actions.append(.fail(waiter, CapabilityError(.timeout, "RabbitMQ has not confirmed the message in time (publishTimeout)")))
            } else {
                next = min(next ?? entry.deadline, entry.deadline)
            }
        }
        let entries = waiting
        waiting.removeAll()
        for entry in entries {
            if entry.deadline <= now {
                bytes -= entry.publish.body.readableBytes
                let why = isBlocked ? "RabbitMQ takes no messages for now (connection.blocked)" : "the message was not sent in time"
                if let waiter = entry.waiter { actions.append(.fail(waiter, CapabilityError(.timeout, "\(why) (publishTimeout)"))) }
            } else {
                next = min(next ?? entry.deadline, entry.deadline)
                waiting.append(entry)
            }
        }
        return (actions, next)
    }

    /// Back to the front of the queue, in the order in which they were published.
    private mutating func requeue() -> [Action] {
        var actions: [Action] = []
        for case var entry? in inFlight.reversed() {
            guard let waiter = entry.waiter else {
                bytes -= entry.publish.body.readableBytes
                continue
            }
            entry.attempts += 1
            if entry.attempts >= limits.publishAttempts {
                bytes -= entry.publish.body.readableBytes
                actions.append(
                    .fail(waiter, CapabilityError(.backend, "RabbitMQ closed the channel on each of \(entry.attempts) attempts to publish"))
                )
            } else {
                waiting.prepend(entry)
            }
        }
        inFlight.removeAll()
        firstTag = 1
        unconfirmed = 0
        return actions
    }

    private mutating func fill() -> [Action] {
        guard isOpen, !isBlocked, preparing == nil else { return [] }
        var actions: [Action] = []
        while let entry = waiting.first, unconfirmed < limits.publishesInFlight {
            guard known.contains(entry.publish.exchange) else {
                preparing = entry.publish.exchange
                actions.append(.prepare(exchange: entry.publish.exchange))
                break
            }
            waiting.removeFirst()
            guard entry.waiter != nil else {
                bytes -= entry.publish.body.readableBytes
                continue
            }
            inFlight.append(entry)
            unconfirmed += 1
            actions.append(.send(entry.publish))
        }
        return actions
    }
}
