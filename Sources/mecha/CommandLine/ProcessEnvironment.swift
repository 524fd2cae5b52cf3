import CProcess

/// The environment of this process.
enum ProcessEnvironment {
    static func read() -> [String: String] {
        var environment: [String: String] = [:]
        guard var next = mecha_environment() else { return environment }
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                environment[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return environment
    }
}
