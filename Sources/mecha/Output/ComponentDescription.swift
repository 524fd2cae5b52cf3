import MechaCore

/// A component's self-description for people and for tools.
struct ComponentDescription {
    private let component: ComponentDescriptor

    init(_ component: ComponentDescriptor) { self.component = component }

    var text: String {
        var lines = ["\(component.type)  (\(component.versions.joined(separator: ", ")))", component.summary]
        if !component.aliases.isEmpty { lines.append("Also known as: \(component.aliases.joined(separator: ", "))") }
        if !component.capabilities.isEmpty { lines.append("Capabilities: \(component.capabilities.joined(separator: ", "))") }
        guard !component.fields.isEmpty else { return (lines + ["", "It takes no metadata."]).joined(separator: "\n") }
        let table = TextTable(
            headings: ["NAME", "TYPE", "DEFAULT", "DESCRIPTION"],
            rows: component.fields.map { field in
                [field.name + (field.isRequired ? " *" : ""), field.kind.rawValue, field.defaultValue ?? "", Self.summary(field)]
            })
        let isAnyRequired = component.fields.contains(where: \.isRequired)
        return (lines + ["", "Metadata\(isAnyRequired ? " (* required)" : ""):", table.text]).joined(separator: "\n")
    }

    var json: JSON {
        [
            "type": .string(component.type), "versions": strings(component.versions), "aliases": strings(component.aliases),
            "summary": .string(component.summary), "capabilities": strings(component.capabilities),
            "metadata": .array(
                component.fields.map { field in
                    [
                        "name": .string(field.name), "type": .string(field.kind.rawValue), "required": .bool(field.isRequired),
                        "secret": .bool(field.isSecret), "default": field.defaultValue.map { .string($0) } ?? .null,
                        "choices": strings(field.choices), "description": .string(field.summary),
                    ]
                }),
        ]
    }

    private func strings(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }

    private static func summary(_ field: MetadataField) -> String {
        var text = field.summary
        if !field.choices.isEmpty { text += " One of: \(field.choices.joined(separator: ", "))." }
        if field.isSecret { text += " Secret." }
        return text
    }
}
