/// Numbers of WASI preview 1's `errno`.
enum WASIError: Int64 {
    case success = 0
    case badDescriptor = 8
    case invalid = 28
    case notSupported = 58
    case seekOnPipe = 70
    case notCapable = 76
}

/// The guest called `proc_exit`.
struct WASIExit: Error, CustomStringConvertible {
    var code: Int32
    var description: String { "the function ended itself with code \(code)" }
}
