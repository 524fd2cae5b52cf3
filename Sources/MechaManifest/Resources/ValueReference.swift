/// A value that is written out, or named to be looked up later.
public enum ValueReference: Sendable, Hashable {
    /// The text as written; nested YAML as JSON text.
    case text(String)
    case secret(SecretReference)
    /// The name of an environment variable (`envRef`).
    case environment(String)
}

/// `secretKeyRef`: a key of a secret of the resource's secret store.
public struct SecretReference: Sendable, Hashable {
    public var name: String
    public var key: String

    /// A missing key means the key that is called like the secret.
    public init(name: String, key: String? = nil) {
        self.name = name
        self.key = key ?? name
    }
}

/// A named value: an entry of `spec.metadata` or `spec.headers`.
public struct NamedValue: Sendable {
    public var name: String
    public var value: ValueReference
    /// Line and column of the name in the resource's file, for messages.
    public var place: (line: Int, column: Int)?

    public init(_ name: String, _ value: ValueReference) {
        self.name = name
        self.value = value
    }
}

extension NamedValue: Hashable {
    /// Equal content, wherever it stands: a moved entry is not a changed one.
    public static func == (a: NamedValue, b: NamedValue) -> Bool { a.name == b.name && a.value == b.value }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(value)
    }
}

extension SourceLocation {
    /// The place of an entry in the same file; of the whole resource when the entry was not read from a file.
    func of(_ entry: NamedValue) -> SourceLocation {
        guard let place = entry.place else { return self }
        return SourceLocation(file: file, line: place.line, column: place.column)
    }
}

extension NamedValue {
    init(_ fields: FieldReader) {
        name = fields.required("name")
        value = ValueReference(fields)
        let mark = fields.mark(of: "name")
        place = (mark.line, mark.column)
    }
}

extension ValueReference {
    /// Reads `value`, `secretKeyRef` and `envRef` beside each other.
    init(_ fields: FieldReader) {
        let text = fields.value("value").map { $0.text ?? $0.json.text }
        let secret = fields.object("secretKeyRef") {
            SecretReference(name: $0.required("name", expected: "the secret's name"), key: $0.string("key"))
        }
        let environment = fields.string("envRef")
        // Dapr's order when several are given: a secret replaces a value, a value hides an envRef.
        if let secret, text != nil || environment == nil {
            self = .secret(secret)
            if text != nil { fields.warn("value", "is ignored because secretKeyRef is given too") }
        } else if let text {
            self = .text(text)
            if environment != nil { fields.warn("envRef", "is ignored because value is given too") }
        } else if let environment {
            self = .environment(environment)
            if secret != nil { fields.warn("secretKeyRef", "is ignored because envRef is given too") }
            if environment.isEmpty { fields.error("envRef", "is empty", expected: "the name of an environment variable") }
        } else {
            self = .text("")
        }
    }
}
