/// What host functions of the module `mecha` answer in place of a length when they fail (docs/function-abi.md).
/// The message is the result then.
enum GuestStatus: Int32, Sendable {
    case notFound = -1
    case invalid = -2
    case denied = -3
    case unimplemented = -4
    case conflict = -5
    case unavailable = -6
    case timeout = -7
    case limit = -8
    case failed = -9
}
