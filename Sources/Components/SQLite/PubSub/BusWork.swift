/// What waits for the next transaction.
struct BusWork: Sendable {
    var publications: [BusPublication] = []
    var settlements: [BusSettlement] = []
    var commands: [BusCommand] = []
    /// Something may have come for any subscription.
    var wakesAll = false

    var isEmpty: Bool { publications.isEmpty && settlements.isEmpty && commands.isEmpty && !wakesAll }
}
