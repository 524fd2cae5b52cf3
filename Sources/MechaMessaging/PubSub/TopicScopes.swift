import MechaCore

/// Which topics of a component an app may publish and subscribe to: the metadata fields `allowedTopics`,
/// `protectedTopics`, `publishingScopes` and `subscriptionScopes` (section 1.2 of the Dapr surface).
public struct TopicScopes: Sendable, Equatable {
    /// Empty for all.
    private let allowed: Set<String>
    /// Need to be named in the app's own list.
    private let protected: Set<String>
    /// The app's own list; nil when it has none.
    private let publishing: Set<String>?
    private let subscription: Set<String>?

    public init(_ metadata: ComponentMetadata, appID: String) {
        allowed = Self.names(metadata.string("allowedTopics") ?? "")
        protected = Self.names(metadata.string("protectedTopics") ?? "")
        publishing = Self.scope(metadata.string("publishingScopes"), of: appID)
        subscription = Self.scope(metadata.string("subscriptionScopes"), of: appID)
    }

    public func allowsPublishing(to topic: String) -> Bool { allows(topic, publishing) }

    public func allowsSubscription(to topic: String) -> Bool { allows(topic, subscription) }

    private func allows(_ topic: String, _ own: Set<String>?) -> Bool {
        if !allowed.isEmpty, !allowed.contains(topic) { return false }
        if protected.contains(topic) { return own?.contains(topic) ?? false }
        return own?.contains(topic) ?? true
    }

    /// `app1=t1,t2;app2=t3`: an app that stands there without topics has none.
    private static func scope(_ text: String?, of appID: String) -> Set<String>? {
        guard let text else { return nil }
        for entry in withoutBlanks(text).split(separator: ";") {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, parts[0] == appID { return names(String(parts[1])) }
        }
        return nil
    }

    private static func names(_ list: String) -> Set<String> {
        Set(withoutBlanks(list).split(separator: ",").map(String.init))
    }

    private static func withoutBlanks(_ text: String) -> String { text.filter { !$0.isWhitespace } }
}
