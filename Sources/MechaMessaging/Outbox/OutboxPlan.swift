import MechaCore
import NIOCore

/// What a transaction stores and what it publishes: every write, unless another operation on its key says
/// (metadata `outbox.projection=true`) what is published in its place.
struct OutboxPlan {
    struct Item {
        var payload: ByteBuffer
        var contentType: String
        /// Operation metadata become attributes of the event.
        var attributes: [String: String]
    }

    var stored: [StateOperation] = []
    var published: [Item] = []

    /// Throws ``CapabilityError`` (`invalidArgument`) for a projection of nothing.
    init(_ operations: [StateOperation]) throws {
        var projections: [String: StateWrite] = [:]
        for case .upsert(let write) in operations where isSet(write.metadata, "outbox.projection") { projections[write.key] = write }
        for operation in operations {
            guard case .upsert(let write) = operation else {
                stored.append(operation)
                continue
            }
            if isSet(write.metadata, "outbox.projection") { continue }
            stored.append(operation)
            let source = projections.removeValue(forKey: write.key) ?? write
            published.append(
                Item(payload: source.value, contentType: Self.contentType(of: source), attributes: Self.attributes(of: source)))
        }
        if let key = projections.keys.sorted().first {
            throw CapabilityError(
                .invalidArgument, "there is an outbox projection for the key \(key), which the transaction does not write")
        }
    }

    private static func contentType(of write: StateWrite) -> String {
        if let given = write.contentType ?? value(write.metadata, "datacontenttype") ?? value(write.metadata, "contentType") {
            return given
        }
        if JSON.isValid(write.value) { return "application/json" }
        return String(validating: write.value.readableBytesView, as: UTF8.self) == nil ? "application/octet-stream" : "text/plain"
    }

    /// Not those with a meaning for the store or the outbox, nor those that are the event's own.
    private static func attributes(of write: StateWrite) -> [String: String] {
        let reserved: Set<String> = [
            "outbox.projection", "ttlinseconds", "contenttype", "datacontenttype", "data", "data_base64", "id", "partitionkey",
        ]
        return write.metadata.filter { !reserved.contains($0.key.lowercased()) }
    }
}
