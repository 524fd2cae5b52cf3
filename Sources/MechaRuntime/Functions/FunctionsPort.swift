/// Where functions answer requests.
public struct FunctionsPort: Sendable, Hashable {
    /// Layotto's.
    public static let standard = 2045

    public var address = "127.0.0.1"
    /// 0 picks a free one.
    public var number = FunctionsPort.standard
    /// Whether somebody asked for the number; otherwise another is taken when it is in use.
    public var isNamed = false

    public init() {}
}
