import MechaCore
import MechaHost
import NIOCore

/// Reads the body of a bulk publish: an array of `{entryId, event, contentType, metadata?}`.
enum BulkPublishDecoding {
    /// What is wrong, and where.
    struct Problem: Error {
        let text: String
    }

    static func entries(_ body: ByteBuffer) throws -> [AppRuntime.BulkEntry] {
        let document: JSON
        do {
            document = try JSON.parse(body)
        } catch {
            throw Problem(text: error.description)
        }
        guard let elements = document.arrayValue else { throw Problem(text: "expected an array of entries, got \(document.kindName)") }
        var seen: Set<String> = []
        return try elements.enumerated().map { index, element in
            let entry = try entry(element, at: "entry \(index)")
            guard seen.insert(entry.id).inserted else { throw Problem(text: "entry \(index): entryId \"\(entry.id)\" is not unique") }
            return entry
        }
    }

    private static func entry(_ element: JSON, at place: String) throws -> AppRuntime.BulkEntry {
        guard let id = element["entryId"]?.stringValue, !id.isEmpty else { throw Problem(text: "\(place): entryId is missing") }
        guard let event = element["event"] else { throw Problem(text: "\(place): event is missing") }
        let contentType = element["contentType"]?.stringValue ?? ""
        var metadata: [String: String] = [:]
        for member in element["metadata"]?.objectValue ?? [] { metadata[member.name] = member.value.stringValue ?? member.value.text }
        return AppRuntime.BulkEntry(
            id: id, data: try data(event, contentType: contentType, at: place), contentType: contentType, metadata: metadata)
    }

    /// JSON types carry any JSON, binary types Base64, all others text.
    private static func data(_ event: JSON, contentType: String, at place: String) throws -> ByteBuffer {
        if MediaType.isJSON(contentType) || MediaType.isCloudEvent(contentType) { return event.buffer }
        guard let text = event.stringValue else {
            throw Problem(text: "\(place): event must be a string for content type \"\(contentType)\", got \(event.kindName)")
        }
        guard MediaType.isBinary(contentType) else { return ByteBuffer(string: text) }
        guard let bytes = Base64.decode(text) else { throw Problem(text: "\(place): event is not Base64") }
        return ByteBuffer(bytes: bytes)
    }
}
