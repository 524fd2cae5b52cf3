import NIOHTTP1

/// Builds the head that a response goes back with.
enum ResponseHeaders {
    /// Drops what speaks of the other connection only. `content-length` stays: the body is passed on
    /// byte for byte, and without it clients could not tell a response that was cut off.
    static func head(_ head: HTTPResponseHead, adding more: HTTPHeaders) -> HTTPResponseHead {
        var connection = ConnectionOptions()
        var drops = false
        for (name, value) in head.headers {
            switch HeaderRule.of(name) {
            case .drop: drops = true
            case .connection:
                connection.add(value)
                drops = true
            default: continue
            }
        }
        if !drops, more.isEmpty { return HTTPResponseHead(version: .http1_1, status: head.status, headers: head.headers) }
        var fields: [(String, String)] = []
        fields.reserveCapacity(head.headers.count + more.count)
        for (name, value) in head.headers {
            switch HeaderRule.of(name) {
            case .drop, .connection: continue
            default: if connection.isEmpty || !connection.contains(name) { fields.append((name, value)) }
            }
        }
        for (name, value) in more where !head.headers.contains(name: name) { fields.append((name, value)) }
        return HTTPResponseHead(version: .http1_1, status: head.status, headers: HTTPHeaders(fields))
    }
}
