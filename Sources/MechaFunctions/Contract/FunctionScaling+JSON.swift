import MechaCore

extension FunctionScaling {
    private static var fields: [(name: String, path: WritableKeyPath<FunctionScaling, Int>)] {
        [
            ("maximumRequests", \.maximumRequests), ("maximumMemoryBytes", \.maximumMemoryBytes),
            ("minimumInstances", \.minimumInstances), ("idleMilliseconds", \.idleMilliseconds),
        ]
    }

    package var json: JSON {
        .object(
            [.init("isolation", .string(isolation.rawValue))] + Self.fields.map { .init($0.name, .integer(self[keyPath: $0.path])) })
    }

    /// What is not said, or below zero, is the default.
    package init(_ json: JSON) {
        self.init()
        if let isolation = json["isolation"]?.stringValue.flatMap(Isolation.init(rawValue:)) { self.isolation = isolation }
        for field in Self.fields {
            if let value = json[field.name]?.intValue, value >= 0 { self[keyPath: field.path] = value }
        }
    }
}
