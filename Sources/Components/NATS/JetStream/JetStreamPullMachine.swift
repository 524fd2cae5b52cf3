/// How many messages a pull consumer has been asked for and when to ask for more. Knows no connection or timer.
struct JetStreamPullMachine {
    enum Action: Equatable {
        case none
        /// Ask for so many.
        case pull(count: Int)
    }

    /// Asking is worth while for so many.
    private let worthwhile: Int
    /// Asked for and neither come nor refused yet.
    private(set) var outstanding = 0
    private var isReady = false

    init(capacity: Int) { worthwhile = max(1, (capacity + 1) / 2) }

    /// The consumer is there and the connection too.
    mutating func ready(room: Int) -> Action {
        isReady = true
        outstanding = 0
        return ask(room)
    }

    mutating func messageArrived() { outstanding = max(0, outstanding - 1) }

    /// A request is over; so many of its messages did not come. Nil for all of every request.
    mutating func requestEnded(undelivered: Int?, room: Int) -> Action {
        outstanding = undelivered.map { max(0, outstanding - $0) } ?? 0
        return ask(room)
    }

    mutating func roomChanged(_ room: Int) -> Action { ask(room) }

    /// Nothing can be asked until it is ready again.
    mutating func stop() {
        isReady = false
        outstanding = 0
    }

    private mutating func ask(_ room: Int) -> Action {
        let wanted = room - outstanding
        guard isReady, wanted >= worthwhile else { return .none }
        outstanding += wanted
        return .pull(count: wanted)
    }
}
