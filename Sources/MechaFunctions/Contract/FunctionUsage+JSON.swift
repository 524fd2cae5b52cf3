import MechaCore

extension FunctionUsage {
    private static var fields: [(name: String, path: WritableKeyPath<FunctionUsage, UInt64>)] {
        [
            ("calls", \.calls), ("failures", \.failures), ("cpuNanoseconds", \.cpuNanoseconds), ("fuel", \.fuel),
            ("peakMemoryBytes", \.peakMemoryBytes), ("memoryMilliseconds", \.memoryMilliseconds), ("requestBytes", \.requestBytes),
            ("responseBytes", \.responseBytes),
        ]
    }

    package var members: [JSON.Member] { Self.fields.map { .init($0.name, .integer(self[keyPath: $0.path])) } }

    package init(_ json: JSON) {
        self.init()
        for field in Self.fields {
            if case .number(let text)? = json[field.name], let value = UInt64(text) { self[keyPath: field.path] = value }
        }
    }
}
