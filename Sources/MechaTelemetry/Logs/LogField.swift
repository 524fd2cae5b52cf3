/// A key with its value in a log line.
struct LogField: Sendable, Equatable {
    enum Value: Sendable, Equatable {
        case string(String)
        case integer(Int)
    }

    let key: String
    let value: Value

    init(_ key: String, _ value: String) {
        self.key = key
        self.value = .string(
            SecretKeys.isSecret(key) ? SecretKeys.placeholder : LogLimits.clip(value, LogLimits.maximumFieldBytes))
    }

    init(_ key: String, _ value: Int) {
        self.key = key
        self.value = .integer(value)
    }
}
