import NIOCore

/// The messages of one consumer group that this process holds, and the consumers that take them: who gets what,
/// and when. It knows no clock, task or lock, and starts nothing: its owner asks for ``next()`` and does it.
///
/// A message is *waiting*, or *in flight* with one consumer, or taken out by ``postpone(_:_:holdsConsumer:)``
/// until its owner puts it back.
///
/// Inlinable, because it runs for every message and modules that use it are to have it made for their types.
@usableFromInline package struct DeliveryQueue<Message, Consumer> {
    /// A message with what the queue knows of it.
    @usableFromInline package struct Entry {
        @usableFromInline package var message: Message
        /// Messages of one key are handed over one after the other when ``ordersByKey`` is set.
        @usableFromInline package let key: String?
        /// This is the message of its key that the others wait for.
        @usableFromInline var hasKey = false

        @inlinable package init(_ message: Message, key: String?) {
            self.message = message
            self.key = key
        }
    }

    @usableFromInline struct Member {
        @usableFromInline let id: Int
        @usableFromInline let consumer: Consumer
        @usableFromInline let maximumInFlight: Int
        @usableFromInline var inFlight = 0
        @usableFromInline var isPaused = false
        @usableFromInline var isLeaving = false
        /// Waits for a message that comes back, and takes no other: the order is strict.
        @usableFromInline var isHeld = false

        @inlinable init(id: Int, consumer: Consumer, maximumInFlight: Int) {
            self.id = id
            self.consumer = consumer
            self.maximumInFlight = maximumInFlight
        }

        @inlinable var isFree: Bool { inFlight < maximumInFlight && !isPaused && !isHeld && !isLeaving }
    }

    /// Set when a consumer asks for it, and kept from then on.
    @usableFromInline package var ordersByKey = false
    /// Messages that wait.
    @usableFromInline package var count = 0
    @usableFromInline var waiting = CircularBuffer<Entry>()
    /// For every key that is in flight or postponed, the messages behind.
    @usableFromInline var behind: [String: CircularBuffer<Entry>] = [:]
    @usableFromInline var members: [Member] = []
    @usableFromInline var turn = 0

    @inlinable package init() {}

    // MARK: - Consumers

    @inlinable package var consumers: [Consumer] { members.map(\.consumer) }

    @inlinable package var hasConsumers: Bool { !members.isEmpty }

    /// Whether some consumer would take messages, now or when it has answered others.
    @inlinable package var hasActiveConsumers: Bool { members.contains { !$0.isPaused && !$0.isLeaving } }

    /// What the active consumers may have in flight together.
    @inlinable package var capacity: Int { members.reduce(0) { $0 + ($1.isPaused || $1.isLeaving ? 0 : $1.maximumInFlight) } }

    @inlinable package var inFlight: Int { members.reduce(0) { $0 + $1.inFlight } }

    /// `id` is the owner's choice, one for each consumer.
    @inlinable package mutating func join(_ consumer: Consumer, id: Int, maximumInFlight: Int, ordersByKey: Bool) {
        members.append(Member(id: id, consumer: consumer, maximumInFlight: maximumInFlight))
        if ordersByKey { self.ordersByKey = true }
    }

    @inlinable package mutating func setPaused(_ isPaused: Bool, _ id: Int) {
        if let index = index(of: id) { members[index].isPaused = isPaused }
    }

    /// The consumer gets nothing more. True when it has nothing in flight: it is gone. Otherwise it is gone when
    /// ``finish(_:_:)`` or ``postpone(_:_:holdsConsumer:)`` says so.
    @inlinable package mutating func leave(_ id: Int) -> Bool {
        guard let index = index(of: id) else { return true }
        members[index].isLeaving = true
        return removeIfGone(index)
    }

    // MARK: - Messages

    @inlinable package mutating func append(_ entry: Entry) {
        waiting.append(entry)
        count += 1
    }

    /// The message that is to be handed over now and to whom, or nil. It is in flight from then on.
    @inlinable package mutating func next() -> (id: Int, consumer: Consumer, entry: Entry)? {
        guard !waiting.isEmpty, let index = freeMember() else { return nil }
        while var entry = waiting.popFirst() {
            if ordersByKey, let key = entry.key, !entry.hasKey {
                if behind[key] != nil {
                    behind[key]?.append(entry)
                    continue
                }
                behind[key] = CircularBuffer()
                entry.hasKey = true
            }
            count -= 1
            members[index].inFlight += 1
            turn = index + 1
            return (members[index].id, members[index].consumer, entry)
        }
        return nil
    }

    /// The message is done with. True when its consumer was leaving and is gone now.
    @inlinable package mutating func finish(_ id: Int, _ entry: Entry) -> Bool {
        if entry.hasKey, let key = entry.key { release(key: key) }
        return answered(id)
    }

    /// The message is not done with and comes back by ``comeBack(_:for:)``; the key stays its own until then. With
    /// `holdsConsumer` the consumer waits for that. True as with ``finish(_:_:)``.
    @inlinable package mutating func postpone(_ id: Int, _ entry: Entry, holdsConsumer: Bool) -> Bool {
        if holdsConsumer, let index = index(of: id) { members[index].isHeld = true }
        return answered(id)
    }

    /// Puts a message before all that wait; `id` is the consumer that was held for it.
    @inlinable package mutating func comeBack(_ entry: Entry, for id: Int?) {
        if let id, let index = index(of: id) { members[index].isHeld = false }
        waiting.prepend(entry)
        count += 1
    }

    /// Ends the wait of a consumer for a message that will not come back.
    @inlinable package mutating func release(_ id: Int) {
        if let index = index(of: id) { members[index].isHeld = false }
    }

    /// A postponed message will not come back; those of its key that come anew are not to wait for it.
    @inlinable package mutating func forgetKey(of entry: Entry) {
        if entry.hasKey, let key = entry.key { release(key: key) }
    }

    /// Takes out every message that waits, in order; keys that they held are free.
    @inlinable package mutating func removeWaiting() -> [Entry] {
        var removed = Array(waiting)
        waiting.removeAll()
        for index in removed.indices where removed[index].hasKey {
            removed[index].hasKey = false
            guard let key = removed[index].key, let followers = behind.removeValue(forKey: key) else { continue }
            removed += followers
        }
        for key in Array(behind.keys) {
            if let followers = behind[key], !followers.isEmpty {
                removed += followers
                behind[key] = CircularBuffer()
            }
        }
        count = 0
        return removed
    }

    /// Drops messages that wait and that `isDropped` says so of.
    @inlinable package mutating func removeWaiting(where isDropped: (Message) -> Bool) {
        let kept = waiting.filter { $0.hasKey || !isDropped($0.message) }
        count -= waiting.count - kept.count
        if kept.count != waiting.count { waiting = CircularBuffer(kept) }
    }

    // MARK: - Parts

    @inlinable func index(of id: Int) -> Int? { members.firstIndex { $0.id == id } }

    /// Consumers take turns.
    @inlinable func freeMember() -> Int? {
        for offset in 0..<members.count {
            let index = (turn + offset) % members.count
            if members[index].isFree { return index }
        }
        return nil
    }

    @inlinable mutating func release(key: String) {
        guard var followers = behind[key], var next = followers.popFirst() else {
            behind[key] = nil
            return
        }
        next.hasKey = true
        behind[key] = followers
        waiting.prepend(next)
    }

    @inlinable mutating func answered(_ id: Int) -> Bool {
        guard let index = index(of: id) else { return false }
        members[index].inFlight -= 1
        return removeIfGone(index)
    }

    @inlinable mutating func removeIfGone(_ index: Int) -> Bool {
        guard members[index].isLeaving, members[index].inFlight == 0 else { return false }
        members.remove(at: index)
        return true
    }
}

extension DeliveryQueue.Entry: Sendable where Message: Sendable {}
