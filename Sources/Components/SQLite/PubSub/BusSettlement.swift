/// What has become of a claimed message, for the file.
struct BusSettlement: Sendable {
    enum Outcome: Sendable {
        /// Done with.
        case done
        /// To be handed over again, by whoever claims it when it is due.
        case deferred(due: Int64)
        /// To be handed over again by this process.
        case kept(due: Int64)
    }

    let subscription: BusSubscription
    let item: BusItem
    let outcome: Outcome
}
