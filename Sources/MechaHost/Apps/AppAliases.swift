import Synchronization

/// Further names of apps of this process, such as those that proxy-wasm functions give themselves.
public final class AppAliases: Sendable {
    private let ids = Mutex<[String: String]>([:])

    public init() {}

    public func replace(_ next: [String: String]) { ids.withLock { $0 = next } }

    /// The id of the app that is called so; the name itself where nobody is.
    public func appID(of name: String) -> String { ids.withLock { $0[name] } ?? name }
}
