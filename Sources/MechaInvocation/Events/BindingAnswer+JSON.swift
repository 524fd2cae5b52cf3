import MechaCore
import NIOCore

extension BindingAnswer {
    /// What an HTTP app answered to a binding's event (section 1.4 of the Dapr surface):
    /// `{storeName?, state?: [{key, value}], to?: [name], concurrency?, data?}`. Anything that is no object
    /// of that kind is the app's data and asks for nothing.
    init(_ body: ByteBuffer) throws {
        self.init()
        if body.readableBytes == 0 { return }
        guard let document = try? JSON.parse(body), document.objectValue != nil else {
            data = body
            return
        }
        store = document["storeName"]?.stringValue
        for (index, item) in (document["state"]?.arrayValue ?? []).enumerated() {
            guard let key = item["key"]?.stringValue, !key.isEmpty else {
                throw CapabilityError(.invalidArgument, "state[\(index)].key: expected a text that is not empty")
            }
            states.append(
                StateWrite(
                    key: key, value: (item["value"] ?? .null).buffer, etag: item["etag"]?.stringValue,
                    metadata: Dictionary(
                        (item["metadata"]?.objectValue ?? []).map { ($0.name, $0.value.stringValue ?? $0.value.text) }
                    ) { $1 }))
        }
        switch document["to"] {
        case .array(let names)?: destinations = names.compactMap(\.stringValue)
        case .string(let name)?: destinations = [name]
        default: break
        }
        isParallel = document["concurrency"]?.stringValue?.lowercased() == "parallel"
        data = document["data"].map { $0.buffer } ?? body
    }
}
