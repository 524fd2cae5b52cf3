import MechaCore

/// How an app's keys are told apart in a store (component metadata `keyPrefix`; section 1.1 of the Dapr surface).
struct KeyPrefix: Sendable, Equatable {
    /// What stands before each key, with the separator; empty for none.
    let text: String

    static let separator = "||"

    /// `strategy` is `appid`, `name`, `namespace`, `none`, or the prefix itself. Throws when it holds the separator.
    init(strategy: String?, component: String, app: AppAddress) throws {
        let strategy = strategy ?? "appid"
        let prefix: String
        switch strategy.lowercased() {
        case "none", "": prefix = ""
        case "appid": prefix = app.appID
        case "name": prefix = component
        case "namespace": prefix = app.namespace.isEmpty ? app.appID : "\(app.namespace).\(app.appID)"
        default: prefix = strategy
        }
        guard !prefix.contains(Self.separator) else {
            throw MetadataError(field: "keyPrefix", problem: "is \"\(prefix)\"", expected: "a text without \"||\"")
        }
        text = prefix.isEmpty ? "" : prefix + Self.separator
    }

    /// The key as the store sees it. Throws when the key is empty or holds the separator.
    func apply(to key: String) throws -> String {
        if key.isEmpty { throw RuntimeError(.stateIllegalKey, "the key is empty") }
        if key.utf8.contains(UInt8(ascii: "|")), key.contains(Self.separator) {
            throw RuntimeError(.stateIllegalKey, "input key/keyPrefix '\(key)' can't contain '||'", resource: key)
        }
        return text.isEmpty ? key : text + key
    }

    /// The key as the app knows it.
    func strip(from key: String) -> String {
        key.hasPrefix(text) ? String(key.dropFirst(text.count)) : key
    }
}
