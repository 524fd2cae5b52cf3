import MechaCore

/// The placeholders of metadata values: `{uuid}`, `{podName}`, `{namespace}`, `{appID}`.
public struct MetadataTemplate: Sendable {
    public var appID: String
    /// Empty for the default namespace.
    public var namespace: String
    /// From the environment (`POD_NAME`); nil outside of Kubernetes.
    public var podName: String?
    /// Makes the id for each `{uuid}`.
    public var uuid: @Sendable () -> String

    public init(
        appID: String, namespace: String = "", podName: String? = nil, uuid: @escaping @Sendable () -> String = { RandomID.uuid() }
    ) {
        self.appID = appID
        self.namespace = namespace
        self.podName = podName
        self.uuid = uuid
    }

    /// Text with every placeholder replaced. `{namespace}` stands for namespace, dot and app id, as in
    /// Dapr. What a placeholder stands for is not expanded again; unknown ones stay. Nil when the text
    /// needs a pod name and there is none.
    public func expand(_ text: String) -> String? {
        var result = ""
        var rest = text[...]
        while let brace = rest.firstIndex(of: "{") {
            result += rest[..<brace]
            rest = rest[brace...]
            if rest.hasPrefix("{uuid}") {
                result += uuid()
                rest = rest.dropFirst(6)
            } else if rest.hasPrefix("{podName}") {
                guard let podName, !podName.isEmpty else { return nil }
                result += podName
                rest = rest.dropFirst(9)
            } else if rest.hasPrefix("{namespace}") {
                result += "\(namespace.isEmpty ? "default" : namespace).\(appID)"
                rest = rest.dropFirst(11)
            } else if rest.hasPrefix("{appID}") {
                result += appID
                rest = rest.dropFirst(7)
            } else {
                result += "{"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }
}
