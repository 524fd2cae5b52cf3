import MechaWire
import NIOCore

extension WasmStore {
    /// Long enough for a loop to look at its sockets first, short beside the time that a guest runs at a stretch.
    private static let pause = TimeAmount.microseconds(50)

    /// Lets others of the event loop have their turn. A task that asks to be run again at once would not do: a loop runs
    /// those until there are none, and looks at no socket meanwhile.
    @inline(never)
    static func giveWay() async {
        guard let loop = LoopContext.current?.loop else { return await Task.yield() }
        await withUnsafeContinuation { continuation in
            _ = loop.scheduleTask(in: pause) { continuation.resume() }
        }
    }
}
