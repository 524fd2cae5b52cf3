/// Bytes that are not RESP, or more of it than a limit allows. The stream cannot be read any further.
struct RESPError: Error, Equatable, CustomStringConvertible {
    enum Reason: Equatable {
        /// A reply starts with a byte that stands for no type.
        case unknownType(UInt8)
        /// A count or number is not one.
        case malformedNumber
        /// A bulk string does not end with CR LF.
        case missingTerminator
        /// A value ends too soon or another type was announced than is needed here.
        case unexpectedType
        /// Something is larger than the named member of ``RESPLimits``.
        case limitExceeded(String)
        /// A reply came although no request waits for one.
        case unsolicitedReply
    }

    var reason: Reason

    init(_ reason: Reason) { self.reason = reason }

    var description: String {
        switch reason {
        case .unknownType(let byte): "the server sent byte \(byte) where a RESP type was expected"
        case .malformedNumber: "the server sent a malformed RESP number"
        case .missingTerminator: "the server sent a RESP string that does not end with CR LF"
        case .unexpectedType: "the server sent another RESP type than was expected"
        case .limitExceeded(let name): "the server sent a reply beyond the limit \(name)"
        case .unsolicitedReply: "the server sent a reply that nobody asked for"
        }
    }
}
