/// Which route (or gRPC method) of a fixed list a request took: its index in the list that the metrics
/// were made with. Front ends give each route its number once, so recording needs no look-up by name.
public struct RouteID: Sendable, Hashable {
    public let index: Int

    public init(_ index: Int) { self.index = index }

    /// Requests that no route of the list took.
    public static let unknown = RouteID(-1)
}
