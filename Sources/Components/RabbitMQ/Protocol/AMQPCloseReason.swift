import MechaCore

/// Why a peer closes a connection or channel (AMQP 0-9-1 §1.1, reply codes).
struct AMQPCloseReason: Equatable, Sendable, CustomStringConvertible {
    var code: UInt16
    var text: String
    /// The method that was at fault; 0 for none.
    var classID: UInt16 = 0
    var methodID: UInt16 = 0

    var description: String { "\(code) \(text)" }

    /// The kind of failure that a caller can act on.
    var capabilityCode: CapabilityError.Code {
        switch code {
        case 311, 313: .invalidArgument
        case 402, 403, 530: .permissionDenied
        case 404: .notFound
        case 405, 406: .misconfigured
        case 506: .resourceExhausted
        case 320, 541: .unavailable
        case 540: .unsupported
        default: .backend
        }
    }
}
