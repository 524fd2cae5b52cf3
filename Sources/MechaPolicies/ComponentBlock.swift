/// The kinds of components, as the names of default policies and the targets of metrics spell them.
package enum ComponentBlock: String, Sendable, CaseIterable {
    case statestore = "Statestore"
    case pubsub = "Pubsub"
    case binding = "Binding"
    case secretstore = "Secretstore"
    case configuration = "Configuration"
    case lock = "Lock"
    case crypto = "Crypto"
    case conversation = "Conversation"

    /// From the first part of a component's type; nil for blocks whose calls no policy applies to.
    package init?(typePrefix block: String) {
        switch block {
        case "state": self = .statestore
        case "pubsub": self = .pubsub
        case "bindings": self = .binding
        case "secretstores": self = .secretstore
        case "configuration": self = .configuration
        case "lock": self = .lock
        case "crypto": self = .crypto
        case "conversation": self = .conversation
        default: return nil
        }
    }

    var metricName: String { rawValue.lowercased() }
}
