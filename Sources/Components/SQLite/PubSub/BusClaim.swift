import NIOCore

/// A range of a topic's messages that this process has claimed for a group, and which of them are done.
struct BusClaim {
    let topic: Int64
    let first: Int64
    let count: Int
    private(set) var remaining: Int
    private var words: [UInt64]

    init(topic: Int64, first: Int64, count: Int) {
        self.topic = topic
        self.first = first
        self.count = count
        remaining = count
        words = Array(repeating: 0, count: (count + 63) / 64)
    }

    /// Reads what ``done`` wrote.
    init(topic: Int64, first: Int64, count: Int, done: ByteBuffer) {
        self.init(topic: topic, first: first, count: count)
        var done = done
        for index in words.indices { words[index] = done.readInteger(endianness: .little) ?? 0 }
        remaining = count - words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    var done: ByteBuffer {
        var buffer = ByteBuffer()
        for word in words { buffer.writeInteger(word, endianness: .little) }
        return buffer
    }

    func isDone(_ place: Int64) -> Bool {
        let index = Int(place - first)
        return words[index / 64] & 1 << UInt64(index % 64) != 0
    }

    mutating func finish(_ place: Int64) {
        let index = Int(place - first)
        guard index >= 0, index < count, !isDone(place) else { return }
        words[index / 64] |= 1 << UInt64(index % 64)
        remaining -= 1
    }
}
