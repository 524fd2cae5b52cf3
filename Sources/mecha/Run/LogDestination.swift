/// Where a log goes.
struct LogDestination: Sendable, Equatable {
    var isOnConsole: Bool
    /// Nil for no file.
    var file: String?

    static let console = LogDestination(isOnConsole: true)
    static let nowhere = LogDestination(isOnConsole: false)
}
