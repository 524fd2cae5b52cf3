import MechaCore
import Yams

extension JSON {
    /// The same data as a YAML document.
    func yamlText() throws -> String { try Yams.serialize(node: yamlNode) }

    private var yamlNode: Node {
        switch self {
        case .null: Node("null", Tag(.null))
        case .bool(let flag): Node(flag ? "true" : "false", Tag(.bool))
        case .number(let text): Node(text, Tag(text.contains { ".eE".contains($0) } ? .float : .int))
        // Quoted wherever it would be read back as something else.
        case .string(let text): Node(text, Tag(.str), Self.isPlain(text) ? .any : .doubleQuoted)
        case .array(let elements): Node(elements.map(\.yamlNode), Tag(.seq), elements.isEmpty ? .flow : .block)
        case .object(let members):
            Node(members.map { (Node($0.name), $0.value.yamlNode) }, Tag(.map), members.isEmpty ? .flow : .block)
        }
    }

    /// Whether a plain scalar of this text is a string to every reader.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, first.properties.isAlphabetic || first == "/" else { return false }
        return !["null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
    }
}
