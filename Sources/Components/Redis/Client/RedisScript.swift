/// A Lua script that the server runs as one step. Sent by its digest, and whole only to a server that
/// has not seen it.
public struct RedisScript: Sendable {
    let source: String
    let digest: String

    public init(_ source: String) {
        self.source = source
        digest = SHA1.hexDigest(source)
    }
}

extension RESPWriter {
    /// Begins a call of a script with so many keys and further arguments, which must follow.
    mutating func begin(_ script: RedisScript, whole: Bool, keys: Int, arguments: Int) {
        begin(parts: 3 + keys + arguments)
        if whole {
            write("EVAL")
            write(script.source)
        } else {
            write("EVALSHA")
            write(script.digest)
        }
        write(keys)
    }
}
