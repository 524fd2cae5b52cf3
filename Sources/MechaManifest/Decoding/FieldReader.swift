import MechaCore

/// Reads one mapping of a document field by field. What is missing or wrong goes to the collector and a
/// harmless value is answered instead, so that decoding goes on and finds the next problem too.
///
/// Names are compared as written first, then without case, as Dapr does. ``finish()`` warns of members
/// that nobody asked for.
final class FieldReader {
    let node: YAMLNode
    /// Path of this mapping from the document's root; empty for the root.
    let path: String
    let problems: ProblemCollector
    private let members: [YAMLNode.Member]
    private var asked: [String] = []

    init(_ node: YAMLNode, path: String = "", problems: ProblemCollector) {
        self.node = node
        self.path = path
        self.problems = problems
        if case .mapping(let members) = node.content { self.members = members } else { members = [] }
    }

    var names: [String] { members.map(\.name) }

    /// Marks members as known that are read by nobody here.
    func ignore(_ names: [String]) { asked += names }

    /// Where a member stands; the mapping itself when it is missing.
    func mark(of name: String) -> YAMLMark {
        guard let member = members.first(where: { $0.name.lowercased() == name.lowercased() }) else { return node.mark }
        return member.value.isMapping ? member.mark : member.value.mark
    }

    /// Warns of members that nobody asked for.
    func finish() {
        let known = Set(asked.map { $0.lowercased() })
        for member in members where !known.contains(member.name.lowercased()) {
            let name = member.name.clipped
            problems.warn("is unknown and ignored\(hint(member.name, among: asked))", at: member.mark, field: path(to: name))
        }
    }

    // MARK: - Scalars

    /// The value, or nil when the member is missing or null.
    func value(_ name: String) -> YAMLNode? {
        asked.append(name)
        let member = members.first { $0.name == name } ?? members.first { $0.name.lowercased() == name.lowercased() }
        guard let value = member?.value, !value.isNull else { return nil }
        return value
    }

    /// The text of a scalar of any type.
    func string(_ name: String) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.text else {
            error(name, "is \(value.kindName)", expected: "text")
            return nil
        }
        return text
    }

    /// The text, which must be there and not be empty.
    func required(_ name: String, expected: String = "text") -> String {
        guard let value = value(name) else {
            error(name, "is missing", expected: expected)
            return ""
        }
        guard let text = value.text, !text.isEmpty else {
            error(name, value.text == "" ? "is empty" : "is \(value.kindName)", expected: expected)
            return ""
        }
        return text
    }

    func bool(_ name: String, default fallback: Bool) -> Bool { bool(name) ?? fallback }

    func bool(_ name: String) -> Bool? {
        guard let text = string(name) else { return nil }
        switch text.lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default:
            error(name, "is \"\(text.clipped)\"", expected: "true or false")
            return nil
        }
    }

    func integer(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let text = string(name) else { return nil }
        guard let number = Int(text) else {
            error(name, "is \"\(text.clipped)\"", expected: "a whole number")
            return nil
        }
        guard range.contains(number) else {
            let bounds =
                if range.lowerBound == range.upperBound {
                    "\(range.lowerBound)"
                } else if range.upperBound == .max {
                    "a number of at least \(range.lowerBound)"
                } else {
                    "a number from \(range.lowerBound) to \(range.upperBound)"
                }
            error(name, "is \(number)", expected: bounds)
            return nil
        }
        return number
    }

    /// A Go duration, not negative. A bare whole number counts milliseconds, as in Dapr's resources.
    func duration(_ name: String) -> Duration? {
        guard let text = string(name) else { return nil }
        let duration = Int64(text).map { Duration.milliseconds($0) } ?? GoDuration.parse(text)
        guard let duration, duration >= .zero else {
            error(name, "is \"\(text.clipped)\"", expected: "a duration such as 500ms, 5s or 1h30m")
            return nil
        }
        return duration
    }

    /// One of the enumeration's raw values, compared without case.
    func choice<Choice: RawRepresentable & CaseIterable>(_ name: String, of type: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        guard let text = string(name) else { return nil }
        guard let choice = type.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() }) else {
            let choices = type.allCases.map(\.rawValue)
            error(name, "is \"\(text.clipped)\"\(hint(text, among: choices))", expected: "one of \(choices.joined(separator: ", "))")
            return nil
        }
        return choice
    }

    // MARK: - Lists and mappings

    /// A list of texts; a null element is an error.
    func strings(_ name: String) -> [String] {
        elements(name).compactMap { index, element in
            if let text = element.text { return text }
            error("\(name)[\(index)]", "is \(element.kindName)", expected: "text", at: element.mark)
            return nil
        }
    }

    func integers(_ name: String) -> [Int] {
        elements(name).compactMap { index, element in
            if let number = element.text.flatMap({ Int($0) }) { return number }
            error("\(name)[\(index)]", "is not a number", expected: "a whole number", at: element.mark)
            return nil
        }
    }

    /// A mapping of texts.
    func stringMap(_ name: String) -> [String: String] {
        var map: [String: String] = [:]
        for member in mapping(name) {
            if member.value.isNull {
                map[member.name] = ""
            } else if let text = member.value.text {
                map[member.name] = text
            } else {
                error("\(name).\(member.name.clipped)", "is \(member.value.kindName)", expected: "text", at: member.value.mark)
            }
        }
        return map
    }

    /// A mapping of durations.
    func durations(_ name: String) -> [String: Duration] {
        guard
            let map = object(
                name,
                { fields in
                    Dictionary(fields.names.map { ($0, fields.duration($0) ?? .zero) }) { first, _ in first }
                })
        else { return [:] }
        return map
    }

    /// Decodes the mapping that is the member's value; nil when it is missing or no mapping.
    func object<Value>(_ name: String, _ decode: (FieldReader) -> Value) -> Value? {
        guard let value = value(name) else { return nil }
        return object(value, name, decode)
    }

    /// Decodes each element of a list of mappings.
    func list<Value>(_ name: String, _ decode: (FieldReader) -> Value) -> [Value] {
        elements(name).compactMap { index, element in object(element, "\(name)[\(index)]", decode) }
    }

    /// Decodes each value of a mapping of mappings; an empty value counts as an empty mapping.
    func objects<Value>(_ name: String, _ decode: (FieldReader) -> Value) -> [String: Value] {
        var map: [String: Value] = [:]
        for member in mapping(name) {
            let value = member.value.isNull ? .emptyMapping(at: member.value.mark) : member.value
            map[member.name] = object(value, "\(name).\(member.name.clipped)", decode)
        }
        return map
    }

    private func object<Value>(_ node: YAMLNode, _ name: String, _ decode: (FieldReader) -> Value) -> Value? {
        guard node.isMapping else {
            error(name, "is \(node.kindName)", expected: "a mapping", at: node.mark)
            return nil
        }
        let reader = FieldReader(node, path: path(to: name), problems: problems)
        defer { reader.finish() }
        return decode(reader)
    }

    private func elements(_ name: String) -> [(offset: Int, element: YAMLNode)] {
        guard let value = value(name) else { return [] }
        guard case .sequence(let elements) = value.content else {
            error(name, "is \(value.kindName)", expected: "a list")
            return []
        }
        return Array(elements.enumerated())
    }

    private func mapping(_ name: String) -> [YAMLNode.Member] {
        guard let value = value(name) else { return [] }
        guard case .mapping(let members) = value.content else {
            error(name, "is \(value.kindName)", expected: "a mapping")
            return []
        }
        return members
    }
}
