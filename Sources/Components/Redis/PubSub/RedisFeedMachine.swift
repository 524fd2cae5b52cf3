/// What the subscription of a stream asks of the server next: the consumer group, then reads without end,
/// as long as there is room for what they bring. Knows no connection, timer or message.
struct RedisFeedMachine {
    enum Action: Equatable {
        case none
        case createGroup
        /// Read up to so many new messages, waiting for them.
        case read(count: Int)
        /// Go on after a pause that grows with the number of failures.
        case retryLater(failures: Int)
    }

    private enum Phase: Equatable {
        case idle
        case creatingGroup
        case reading
        case waitingForRoom
        case waitingToRetry
        case closed
    }

    /// A read is worth while when so many messages may come.
    private let worthwhileRoom: Int
    private var phase = Phase.idle
    private var hasGroup = false
    private var failures = 0

    /// - Parameter capacity: of the queue that the reads fill.
    init(capacity: Int) { worthwhileRoom = max(1, (capacity + 1) / 2) }

    /// A read is with the server.
    var isReading: Bool { phase == .reading }

    mutating func started(room: Int) -> Action {
        guard phase == .idle else { return .none }
        return goOn(room)
    }

    mutating func groupCreated(room: Int) -> Action {
        guard phase == .creatingGroup else { return .none }
        hasGroup = true
        failures = 0
        return goOn(room)
    }

    /// A read has brought what there was, perhaps nothing.
    mutating func readEnded(room: Int) -> Action {
        guard phase == .reading else { return .none }
        failures = 0
        return goOn(room)
    }

    /// The group is gone: the server was emptied, or lost its data. It is made again at once, once.
    mutating func groupMissing(room: Int) -> Action {
        guard phase == .reading || phase == .creatingGroup else { return .none }
        hasGroup = false
        failures += 1
        guard failures == 1 else { return pause() }
        return goOn(room)
    }

    mutating func failed() -> Action {
        guard phase == .reading || phase == .creatingGroup else { return .none }
        failures += 1
        return pause()
    }

    mutating func retryTimeOver(room: Int) -> Action {
        guard phase == .waitingToRetry else { return .none }
        return goOn(room)
    }

    mutating func roomChanged(_ room: Int) -> Action {
        guard phase == .waitingForRoom, room >= worthwhileRoom else { return .none }
        return goOn(room)
    }

    mutating func close() { phase = .closed }

    private mutating func pause() -> Action {
        phase = .waitingToRetry
        return .retryLater(failures: failures)
    }

    private mutating func goOn(_ room: Int) -> Action {
        guard hasGroup else {
            phase = .creatingGroup
            return .createGroup
        }
        guard room >= worthwhileRoom else {
            phase = .waitingForRoom
            return .none
        }
        phase = .reading
        return .read(count: room)
    }
}
