import MechaCore
import Synchronization

/// Knows the addresses that a test gives it, and counts how often it is asked.
final class TableResolver: NameResolver {
    private let table = Mutex<[AppAddress: [PeerEndpoint]]>([:])
    private let asked = Mutex(0)

    var status: ComponentStatus { .ready }
    var questions: Int { asked.withLock { $0 } }

    func set(_ app: AppAddress, _ endpoints: [PeerEndpoint]) { table.withLock { $0[app] = endpoints } }

    func start() async throws {}
    func close() async {}

    func resolve(_ target: AppAddress) async throws -> [PeerEndpoint] {
        asked.withLock { $0 += 1 }
        return table.withLock { $0[target] ?? [] }
    }

    func announce(_ registration: AppRegistration) async throws {}
    func withdraw(_ registration: AppRegistration) async {}
}
