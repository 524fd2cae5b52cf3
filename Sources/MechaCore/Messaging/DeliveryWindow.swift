import NIOCore

/// Which messages of a feed are handed over when: a bounded queue of what was fetched, and a count of what
/// handlers have and have not answered. Knows no broker, task or clock; a feed does what it says.
package struct DeliveryWindow<Message> {
    /// Messages handed over and not answered yet, at most.
    package let maximumInFlight: Int
    /// Messages fetched and not handed over, at most.
    package let capacity: Int
    package private(set) var inFlight = 0
    package private(set) var isPaused = false
    package private(set) var isClosed = false
    /// The first message waits for its time, and everything else for it.
    private var isHeld = false
    private var waiting = CircularBuffer<Message>()

    package init(maximumInFlight: Int, capacity: Int) {
        self.maximumInFlight = max(1, maximumInFlight)
        self.capacity = max(1, capacity)
    }

    /// How many further messages may be fetched now.
    package var room: Int { isPaused || isClosed ? 0 : max(0, capacity - waiting.count) }

    /// Nothing is with a handler.
    package var isIdle: Bool { inFlight == 0 }

    package var waitingCount: Int { waiting.count }

    /// Keeps a fetched message. False when the feed is closed: the message stays the broker's.
    package mutating func append(_ message: Message) -> Bool {
        guard !isClosed else { return false }
        waiting.append(message)
        return true
    }

    /// The message to hand over now; nil when none may be.
    package mutating func next() -> Message? {
        guard !isPaused, !isClosed, !isHeld, inFlight < maximumInFlight, let message = waiting.popFirst() else { return nil }
        inFlight += 1
        return message
    }

    /// A handler has answered.
    package mutating func answered() { inFlight -= 1 }

    /// A handler has refused a message that the others must not overtake: it comes first again, and nothing is
    /// handed over until ``goOn()``.
    package mutating func refused(_ message: Message) {
        inFlight -= 1
        waiting.prepend(message)
        isHeld = true
    }

    /// The time of the refused message has come.
    package mutating func goOn() { isHeld = false }

    package mutating func pause() { isPaused = true }
    package mutating func resume() { isPaused = false }

    /// Hands over nothing more. Answers what was fetched and not handed over.
    package mutating func close() -> [Message] {
        isClosed = true
        return takeWaiting()
    }

    /// Forgets what was fetched and not handed over, because the broker will bring it again.
    package mutating func takeWaiting() -> [Message] {
        isHeld = false
        defer { waiting.removeAll() }
        return Array(waiting)
    }
}
