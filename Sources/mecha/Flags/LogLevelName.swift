import ArgumentParser

/// The log levels that Dapr's flags know.
enum LogLevelName: String, ExpressibleByArgument, CaseIterable, Sendable {
    case debug, info, warning, error, fatal

    init?(argument: String) {
        switch argument.lowercased() {
        case "warn": self = .warning
        case "panic": self = .fatal
        case let name: self.init(rawValue: name)
        }
    }
}
