/// Puts environment variables into Configuration resources: `$NAME` and `${NAME}` in any value.
///
/// Works on values after parsing, so that a variable's text can never change the document's structure.
enum EnvironmentExpansion {
    /// A variable that is not set becomes empty, with a warning.
    static func expand(_ document: YAMLNode, environment: [String: String], problems: ProblemCollector) -> YAMLNode {
        document.mapScalars { text, mark in
            expand(text) { name in
                if let value = environment[name] { return value }
                problems.warn("the environment variable \(name.clipped) is not set and counts as empty", at: mark)
                return ""
            }
        }
    }

    /// Replaces each variable by what `value` answers. A `$` that no name follows stays, so patterns such
    /// as `^/a$` do too.
    static func expand(_ text: String, value: (String) -> String) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            let behind = rest[rest.index(after: dollar)...]
            let isBraced = behind.first == "{"
            let name = behind.dropFirst(isBraced ? 1 : 0).prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            let end = behind[name.endIndex...]
            if let first = name.first, !first.isNumber, !isBraced || end.first == "}" {
                result += value(String(name))
                rest = end.dropFirst(isBraced ? 1 : 0)
            } else {
                result += "$"
                rest = behind
            }
        }
        return result + rest
    }
}
