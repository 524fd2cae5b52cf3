import MechaCore

extension JSON {
    /// Text with one member or element per line, indented by two spaces.
    var prettyText: String {
        var text = ""
        writePretty(to: &text, indentation: "")
        return text
    }

    private func writePretty(to text: inout String, indentation: String) {
        let inner = indentation + "  "
        switch self {
        case .array(let elements) where !elements.isEmpty:
            text += "["
            for (index, element) in elements.enumerated() {
                text += (index == 0 ? "\n" : ",\n") + inner
                element.writePretty(to: &text, indentation: inner)
            }
            text += "\n\(indentation)]"
        case .object(let members) where !members.isEmpty:
            text += "{"
            for (index, member) in members.enumerated() {
                text += (index == 0 ? "\n" : ",\n") + inner + JSON.string(member.name).text + ": "
                member.value.writePretty(to: &text, indentation: inner)
            }
            text += "\n\(indentation)}"
        default:
            text += self.text
        }
    }
}
