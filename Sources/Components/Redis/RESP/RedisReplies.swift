import NIOCore

/// All that the server answered to one call: one reply or several in a row, still in RESP.
public struct RedisReplies: Sendable, Equatable {
    var bytes: ByteBuffer
    /// Whether one of the replies (not something inside of one) is an error.
    let containsError: Bool

    init(_ bytes: ByteBuffer, containsError: Bool) {
        self.bytes = bytes
        self.containsError = containsError
    }

    var reader: RESPReader { RESPReader(bytes) }

    /// Every reply as a tree.
    func values() throws(RESPError) -> [RESPValue] {
        var reader = reader
        var values: [RESPValue] = []
        while !reader.isAtEnd { values.append(try reader.readValue()) }
        return values
    }
}
