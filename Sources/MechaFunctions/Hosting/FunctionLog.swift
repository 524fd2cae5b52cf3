import MechaCore
import Synchronization

/// The last log lines of a function.
public final class FunctionLog: Sendable {
    public struct Line: Sendable, Equatable {
        /// Counts up from 1.
        public var number: Int
        public var time: Timestamp
        public var level: String
        public var message: String
    }

    public static let linesAtMost = 500
    public static let lineBytesAtMost = 4 << 10
    public static let bytesAtMost = 128 << 10

    private struct State {
        var lines: [Line] = []
        var bytes = 0
        var last = 0
    }

    private let state = Mutex(State())

    public init() {}

    public func append(_ message: String, level: String, at time: Timestamp) {
        let text = message.utf8.count <= Self.lineBytesAtMost ? message : String(message.prefix(Self.lineBytesAtMost / 4)) + "..."
        state.withLock { state in
            state.last += 1
            state.lines.append(Line(number: state.last, time: time, level: level, message: text))
            state.bytes += text.utf8.count
            var dropped = 0
            while state.lines.count - dropped > Self.linesAtMost || state.bytes > Self.bytesAtMost {
                state.bytes -= state.lines[dropped].message.utf8.count
                dropped += 1
            }
            if dropped > 0 { state.lines.removeFirst(dropped) }
        }
    }

    /// Lines after that number, the newest ones where there are more than `count`.
    public func lines(after number: Int, atMost count: Int) -> [Line] {
        state.withLock { Array($0.lines.filter { $0.number > number }.suffix(count)) }
    }
}
