/// What an app speaks to its runtime (`--app-protocol`).
public enum AppProtocol: String, Sendable, CaseIterable {
    case http, grpc, https, grpcs
    /// HTTP/2 in the clear, by prior knowledge.
    case h2c

    /// Whether the app serves gRPC (AppCallback and services of its own).
    public var isGRPC: Bool { self == .grpc || self == .grpcs }
}
