import MechaCore

/// Message metadata as a column: a JSON object of texts.
enum BusMetadata {
    static func text(_ metadata: [String: String]) -> String {
        JSON.object(metadata.map { JSON.Member($0.key, .string($0.value)) }).text
    }

    static func read(_ text: String) -> [String: String] {
        guard let members = (try? JSON.parse(text))?.objectValue else { return [:] }
        var metadata: [String: String] = [:]
        metadata.reserveCapacity(members.count)
        for member in members { metadata[member.name] = member.value.stringValue ?? "" }
        return metadata
    }
}
