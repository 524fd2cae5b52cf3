import MechaCore

extension FieldReader {
    /// The path of a member of this mapping.
    func path(to name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    func error(_ name: String, _ problem: String, expected: String, at mark: YAMLMark? = nil) {
        problems.error("\(problem); expected \(expected)", at: mark ?? self.mark(of: name), field: path(to: name))
    }

    func warn(_ name: String, _ message: String) {
        problems.warn(message, at: mark(of: name), field: path(to: name))
    }

    /// ` (did you mean "x"?)` when a candidate is close.
    func hint(_ text: String, among candidates: [String]) -> String {
        // A long text is no slip of a short name, and comparing it would cost.
        guard text.utf8.count <= 64, let name = nearestName(to: text, among: candidates) else { return "" }
        return " (did you mean \"\(name)\"?)"
    }
}

extension String {
    /// At most 40 characters of it without control characters, for messages.
    var clipped: String {
        let start = prefix(40).map { $0.unicodeScalars.contains { $0.value < 0x20 } ? " " : String($0) }.joined()
        return start.count < count ? start + "..." : start
    }
}
