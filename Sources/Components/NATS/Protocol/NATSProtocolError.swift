/// Bytes of a server that make no sense, or go beyond a limit.
struct NATSProtocolError: Error, Equatable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
