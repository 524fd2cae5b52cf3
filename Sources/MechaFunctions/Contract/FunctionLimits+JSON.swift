import MechaCore

extension FunctionLimits {
    private static var fields: [(name: String, path: WritableKeyPath<FunctionLimits, Int>)] {
        [
            ("memoryBytes", \.memoryBytes), ("cpuMilliseconds", \.cpuMilliseconds), ("wallMilliseconds", \.wallMilliseconds),
            ("fuel", \.fuel), ("stackBytes", \.stackBytes), ("requestBytes", \.requestBytes), ("responseBytes", \.responseBytes),
            ("outboundCalls", \.outboundCalls), ("logBytes", \.logBytes), ("concurrency", \.concurrency), ("queue", \.queue),
        ]
    }

    package var json: JSON {
        .object(Self.fields.map { .init($0.name, .integer(self[keyPath: $0.path])) } + [.init("exact", .bool(isMeteredExactly))])
    }

    /// What is not said, or below zero, is the default.
    package init(_ json: JSON) {
        self.init()
        for field in Self.fields {
            if let value = json[field.name]?.intValue, value >= 0 { self[keyPath: field.path] = value }
        }
        isMeteredExactly = json["exact"]?.boolValue ?? false
    }
}
