/// A connection as its pool sees it.
enum PooledConnection: Equatable {
    case http1(HTTP1ClientConnection)

    /// Sends the request and reports its response to it. Only for a connection that the pool holds to be free.
    func start(_ exchange: ClientExchange) {
        switch self {
        case .http1(let connection): connection.start(exchange)
        }
    }

    func close() {
        switch self {
        case .http1(let connection): connection.close()
        }
    }

    static func == (left: PooledConnection, right: PooledConnection) -> Bool {
        switch (left, right) {
        case (.http1(let left), .http1(let right)): left === right
        }
    }
}
