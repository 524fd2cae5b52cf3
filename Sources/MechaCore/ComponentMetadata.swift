/// The resolved `spec.metadata` of a component: secrets, environment references and templates are
/// already replaced. Keys are compared without case, as Dapr does.
public struct ComponentMetadata: Sendable, Hashable {
    private var values: [String: String]
    /// Keys as they were written, for messages.
    private var spelling: [String: String]

    public init(_ pairs: [(String, String)] = []) {
        values = [:]
        spelling = [:]
        for (key, value) in pairs {
            values[key.lowercased()] = value
            spelling[key.lowercased()] = key
        }
    }

    public init(_ dictionary: [String: String]) {
        self.init(dictionary.map { ($0.key, $0.value) })
    }

    /// Every pair under its written key.
    public var pairs: [(key: String, value: String)] {
        values.map { (spelling[$0.key] ?? $0.key, $0.value) }.sorted { $0.key < $1.key }
    }

    /// The value, or nil when the key is missing or empty.
    public func string(_ key: String) -> String? {
        guard let value = values[key.lowercased()], !value.isEmpty else { return nil }
        return value
    }

    public func string(_ key: String, default fallback: String) -> String { string(key) ?? fallback }

    /// A value that must be there.
    public func required(_ key: String) throws -> String {
        guard let value = string(key) else {
            throw MetadataError(field: key, problem: "is missing", expected: "a value")
        }
        return value
    }

    /// `true`, `1`, `yes`, `y`, `on`, `t` (any case) are true, their opposites false.
    public func bool(_ key: String, default fallback: Bool = false) throws -> Bool {
        guard let text = string(key) else { return fallback }
        switch text.lowercased() {
        case "true", "1", "yes", "y", "on", "t": return true
        case "false", "0", "no", "n", "off", "f": return false
        default: throw MetadataError(field: key, problem: "is \"\(text)\"", expected: "true or false")
        }
    }

    public func integer(_ key: String) throws -> Int? {
        guard let text = string(key) else { return nil }
        guard let number = Int(text) else {
            throw MetadataError(field: key, problem: "is \"\(text)\"", expected: "a whole number")
        }
        return number
    }

    public func integer(_ key: String, default fallback: Int, in range: ClosedRange<Int>) throws -> Int {
        let number = try integer(key) ?? fallback
        guard range.contains(number) else {
            throw MetadataError(
                field: key, problem: "is \(number)", expected: "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A Go duration, or a bare whole number of seconds.
    public func duration(_ key: String) throws -> Duration? {
        guard let text = string(key) else { return nil }
        if let seconds = Int(text) { return .seconds(seconds) }
        guard let duration = GoDuration.parse(text) else {
            throw MetadataError(field: key, problem: "is \"\(text)\"", expected: "a duration such as 500ms, 5s or 1h30m")
        }
        return duration
    }

    public func duration(_ key: String, default fallback: Duration) throws -> Duration {
        try duration(key) ?? fallback
    }

    /// A byte count with optional suffix (``ByteSize``).
    public func byteSize(_ key: String, default fallback: Int) throws -> Int {
        guard let text = string(key) else { return fallback }
        guard let size = ByteSize.parse(text) else {
            throw MetadataError(field: key, problem: "is \"\(text)\"", expected: "a size such as 512, 64Ki or 4Mi")
        }
        return size
    }

    /// One of `choices`, in the spelling of `choices`.
    public func choice(_ key: String, of choices: [String], default fallback: String) throws -> String {
        guard let text = string(key) else { return fallback }
        guard let match = choices.first(where: { $0.lowercased() == text.lowercased() }) else {
            throw MetadataError(field: key, problem: "is \"\(text)\"", expected: "one of \(choices.joined(separator: ", "))")
        }
        return match
    }

    /// Checks every pair against the fields that a component knows: wrong types, missing required
    /// values and wrong choices throw; unknown keys come back as warnings that name the nearest field.
    public func validate(against fields: [MetadataField]) throws -> [MetadataWarning] {
        for field in fields {
            if field.isRequired { _ = try required(field.name) }
            switch field.kind {
            case .string: break
            case .bool: _ = try bool(field.name)
            case .integer: _ = try integer(field.name)
            case .duration: _ = try duration(field.name)
            case .bytes: _ = try byteSize(field.name, default: 0)
            case .number:
                if let text = string(field.name), Double(text) == nil {
                    throw MetadataError(field: field.name, problem: "is \"\(text)\"", expected: "a number")
                }
            }
            if !field.choices.isEmpty {
                _ = try choice(field.name, of: field.choices, default: field.choices[0])
            }
        }
        let known = Set(fields.map { $0.name.lowercased() })
        return pairs.filter { !known.contains($0.key.lowercased()) }.map { pair in
            let hint = nearestName(to: pair.key, among: fields.map(\.name)).map { "; did you mean \"\($0)\"?" } ?? ""
            return MetadataWarning(field: pair.key, problem: "unknown metadata key \"\(pair.key)\"\(hint)")
        }
    }
}

/// Something doubtful in a component's metadata. Never carries a value.
public struct MetadataWarning: Sendable, CustomStringConvertible {
    /// The key as written.
    public var field: String
    public var problem: String

    public var description: String { problem }
}

/// A metadata value that a component cannot use. Never carries the value of a secret field.
public struct MetadataError: Error, Sendable, CustomStringConvertible {
    public var field: String
    public var problem: String
    public var expected: String

    public init(field: String, problem: String, expected: String) {
        self.field = field
        self.problem = problem
        self.expected = expected
    }

    public var description: String { "metadata \"\(field)\" \(problem); expected \(expected)" }
}
