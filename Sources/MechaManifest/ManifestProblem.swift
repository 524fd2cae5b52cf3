/// Something wrong or doubtful in a manifest: where it stands, and what was expected there.
/// Never carries a metadata value, header or secret.
public struct ManifestProblem: Error, Sendable, Equatable, CustomStringConvertible {
    public var location: SourceLocation
    /// Kind and name: `Component/statestore`.
    public var resource: String?
    /// Path from the document's root: `spec.metadata[2].value`.
    public var field: String?
    /// What is wrong and what was expected.
    public var message: String

    public init(_ message: String, at location: SourceLocation, resource: String? = nil, field: String? = nil) {
        self.message = message
        self.location = location
        self.resource = resource
        self.field = field
    }

    public var description: String {
        let subject = [resource, field].compactMap { $0 }.joined(separator: " ")
        return subject.isEmpty ? "\(location): \(message)" : "\(location): \(subject) \(message)"
    }
}
