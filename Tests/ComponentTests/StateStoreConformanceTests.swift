import MechaCore
import MechaInMemory
import MechaSQLite
import MechaTestKit
import Testing

/// Every state store against the suite of MechaTestKit. A store is added with one test of a few lines.
@Suite struct StateStoreConformanceTests {
    @Test func `state.in-memory keeps the contract`() async {
        let clock = ManualClock()
        let store = InMemoryStateStore(clock: clock)
        await report(StateStoreConformance(store) { clock.advance(by: $0) })
    }

    @Test func `state.sqlite keeps the contract`() async throws {
        try await withSQLiteStore { store, clock in
            await report(StateStoreConformance(store) { clock.advance(by: $0) })
        }
    }

    @Test func `state.sqlite in memory keeps the contract`() async throws {
        try await withSQLiteStore(["connectionString": ":memory:"]) { store, clock in
            await report(StateStoreConformance(store) { clock.advance(by: $0) })
        }
    }

    @Test func `state.sqlite with a rollback journal keeps the contract`() async throws {
        try await withSQLiteStore(["disableWAL": "true"]) { store, clock in
            await report(StateStoreConformance(store) { clock.advance(by: $0) })
        }
    }

    private func report(_ suite: StateStoreConformance) async {
        for failure in await suite.failures() { Issue.record(failure) }
    }
}
