/// Cuts a stream of bytes into lines. A line that grows beyond the limit is cut there, so that a program
/// that never ends a line cannot fill the memory.
struct LineSplitter: Sendable {
    static let defaultMaximumLineBytes = 64 << 10

    private let maximumLineBytes: Int
    private var pending: [UInt8] = []

    init(maximumLineBytes: Int = defaultMaximumLineBytes) { self.maximumLineBytes = maximumLineBytes }

    /// The lines that `bytes` complete, without their ends (`\n` or `\r\n`).
    mutating func append(_ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            take(rest[rest.startIndex..<end], into: &lines)
            if pending.last == UInt8(ascii: "\r") { pending.removeLast() }
            lines.append(pending)
            pending = []
            rest = rest[(end + 1)...]
        }
        take(rest, into: &lines)
        return lines
    }

    /// What came after the last end of line.
    mutating func finish() -> [UInt8]? {
        defer { pending = [] }
        return pending.isEmpty ? nil : pending
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>, into lines: inout [[UInt8]]) {
        var rest = bytes
        while pending.count + rest.count > maximumLineBytes {
            let part = rest.prefix(maximumLineBytes - pending.count)
            lines.append(pending + part)
            pending = []
            rest = rest.dropFirst(part.count)
        }
        pending.append(contentsOf: rest)
    }
}
