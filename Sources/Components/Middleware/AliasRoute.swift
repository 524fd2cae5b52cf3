import MechaCore
import MechaExpressions

/// One path with placeholders, `{name}` or `{name:pattern}`, and where it leads.
struct AliasRoute: Sendable {
    private enum Segment: Sendable {
        case literal(String)
        case placeholder(prefix: String, name: String, pattern: RegularExpression?, suffix: String)
    }

    private let segments: [Segment]
    private let target: String

    /// Throws ``MetadataError``.
    init(_ template: String, target: String) throws {
        self.target = target
        var segments: [Segment] = []
        // A pattern may hold slashes of its own.
        var depth = 0
        let parts = template.split(omittingEmptySubsequences: false) { character in
            if character == "{" { depth += 1 } else if character == "}" { depth -= 1 }
            return character == "/" && depth == 0
        }
        for part in parts.dropFirst() { segments.append(try Self.segment(part, of: template)) }
        guard template.hasPrefix("/"), depth == 0 else {
            throw MetadataError(field: "routes", problem: "has the path \"\(template)\"", expected: "one such as /orders/{id}")
        }
        self.segments = segments
    }

    private static func segment(_ part: Substring, of template: String) throws -> Segment {
        guard let open = part.firstIndex(of: "{") else { return .literal(String(part)) }
        guard let close = part.lastIndex(of: "}"), open < close else {
            throw MetadataError(field: "routes", problem: "has the path \"\(template)\"", expected: "one such as /orders/{id}")
        }
        let inner = part[part.index(after: open)..<close]
        let colon = inner.firstIndex(of: ":") ?? inner.endIndex
        let name = inner[..<colon]
        let pattern = inner[colon...].dropFirst()
        guard !name.isEmpty else {
            throw MetadataError(field: "routes", problem: "has a placeholder without name in \"\(template)\"", expected: "{name}")
        }
        do {
            return .placeholder(
                prefix: String(part[..<open]), name: String(name),
                pattern: pattern.isEmpty ? nil : try RegularExpression("^(?:\(pattern))$"),
                suffix: String(part[part.index(after: close)...]))
        } catch {
            throw MetadataError(
                field: "routes", problem: "has a bad pattern in \"\(template)\" (\(error))", expected: "a regular expression")
        }
    }

    /// The values of the placeholders, when the path is of this form.
    func match(_ path: Substring) -> [(String, String)]? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard parts.count == segments.count else { return nil }
        var values: [(String, String)] = []
        for (part, segment) in zip(parts, segments) {
            guard let part = PercentCoding.decode(part) else { return nil }
            switch segment {
            case .literal(let text): if part != text { return nil }
            case .placeholder(let prefix, let name, let pattern, let suffix):
                guard part.count > prefix.count + suffix.count, part.hasPrefix(prefix), part.hasSuffix(suffix) else { return nil }
                let value = String(part.dropFirst(prefix.count).dropLast(suffix.count))
                if pattern?.matches(value) == false { return nil }
                values.append((name, value))
            }
        }
        return values
    }

    /// The target with the values as parameters of the query, after those that are there.
    func target(query: Substring, _ values: [(String, String)]) -> String {
        let added = values.sorted { $0.0 < $1.0 }.map {
            "\(FormText.encode($0.0))=\(FormText.encode($0.1))"
        }
        let all = (query.isEmpty ? [] : [String(query)]) + added
        if all.isEmpty { return target }
        return target + (target.contains("?") ? "&" : "?") + all.joined(separator: "&")
    }
}
