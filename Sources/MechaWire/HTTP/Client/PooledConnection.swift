/// A connection as its pool sees it.
enum PooledConnection: Equatable {
    case http1(HTTP1ClientConnection)
    case http2(HTTP2ClientConnection)

    /// Sends the request and reports its response to it. Only for a connection that the pool holds to be free.
    func start(_ exchange: ClientExchange) {
        switch self {
        case .http1(let connection): connection.start(exchange)
        case .http2(let connection): connection.start(exchange)
        }
    }

    func close() {
        switch self {
        case .http1(let connection): connection.close()
        case .http2(let connection): connection.close()
        }
    }

    static func == (left: PooledConnection, right: PooledConnection) -> Bool {
        switch (left, right) {
        case (.http1(let left), .http1(let right)): left === right
        case (.http2(let left), .http2(let right)): left === right
        default: false
        }
    }
}
