/// A request as its pool sees it.
protocol PoolRequest: AnyObject {
    /// Whether it was given up while it waited.
    var isFinished: Bool { get }
}

extension ClientExchange: PoolRequest {}
