/// A key with its value in a log line.
struct LogField: Sendable, Equatable {
    enum Value: Sendable, Equatable {
        case string(String)
        case integer(Int)
    }

    let key: String
    let value: Value

    /// A field whose key is the runtime's own and known to name no secret.
    init(_ key: StaticString, _ value: String) {
        self.key = key.description
        self.value = .string(LogLimits.clip(value, LogLimits.maximumFieldBytes))
    }

    init(_ key: StaticString, _ value: Int) {
        self.key = key.description
        self.value = .integer(value)
    }

    /// A field from outside: what stands under a secret's name is hidden.
    init(metadata key: String, _ value: String) {
        self.key = key
        self.value = .string(
            SecretKeys.isSecret(key) ? SecretKeys.placeholder : LogLimits.clip(value, LogLimits.maximumFieldBytes))
    }
}
