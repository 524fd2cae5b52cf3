/// The bounds of what an app may answer about events.
enum EventLimits {
    /// Subscriptions of one app.
    static let subscriptionsPerApp = 10_000
}
