import MechaWire
import NIOCore
import Synchronization

extension WasmStore {
    /// Lets others of the event loop have their turn, sockets among them.
    @inline(never)
    static func giveWay() async {
        guard let loop = LoopContext.current?.loop else { return await Task.yield() }
        await LoopTurns.of(loop).next()
    }
}

/// Guests of one event loop that have had their stretch of time and wait for the next one.
///
/// A loop runs what is due, and what became due meanwhile, until nothing is left, and looks at its sockets only then. Two
/// guests that each wait by themselves would be due by turns for ever. So all go on together, and only when nobody has
/// come to wait for a moment; that moment the loop spends with its sockets. Lives on its loop; hence the unchecked Sendable.
private final class LoopTurns: @unchecked Sendable {
    /// Long enough for a loop to look at its sockets first, short beside the time that a guest runs at a stretch.
    private static let pause = TimeAmount.microseconds(50)
    /// One for each loop on which a guest ever computed for long.
    private static let all = Mutex<[ObjectIdentifier: LoopTurns]>([:])

    private let loop: any EventLoop
    private var waiting: [UnsafeContinuation<Void, Never>] = []
    private var alarm: Scheduled<Void>?

    private init(_ loop: any EventLoop) { self.loop = loop }

    static func of(_ loop: any EventLoop) -> LoopTurns {
        all.withLock { all in
            if let turns = all[ObjectIdentifier(loop)], turns.loop === loop { return turns }
            let turns = LoopTurns(loop)
            all[ObjectIdentifier(loop)] = turns
            return turns
        }
    }

    func next() async {
        await withUnsafeContinuation { continuation in
            waiting.append(continuation)
            alarm?.cancel()
            alarm = loop.scheduleTask(in: Self.pause) { [self] in begin() }
        }
    }

    private func begin() {
        alarm = nil
        let ready = waiting
        waiting = []
        for continuation in ready { continuation.resume() }
    }
}
