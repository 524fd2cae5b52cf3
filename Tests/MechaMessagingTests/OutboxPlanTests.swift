import MechaCore
import NIOCore
import Testing

@testable import MechaMessaging

@Suite struct OutboxPlanTests {
    private func write(_ key: String, _ value: String, _ metadata: [String: String] = [:]) -> StateOperation {
        .upsert(StateWrite(key: key, value: ByteBuffer(string: value), metadata: metadata))
    }

    @Test func `every write is published, deletions are not`() throws {
        let plan = try OutboxPlan([write("a", "1", ["color": "red", "ttlInSeconds": "5"]), .delete(StateRemoval(key: "b"))])
        #expect(plan.stored.count == 2)
        #expect(plan.published.map { String(buffer: $0.payload) } == ["1"])
        #expect(plan.published[0].attributes == ["color": "red"])
        #expect(plan.published[0].contentType == "application/json")
    }

    @Test func `a projection replaces what is published and is not stored`() throws {
        let plan = try OutboxPlan([write("a", "plain"), write("a", "seen", ["outbox.projection": "true"])])
        #expect(plan.stored == [write("a", "plain")])
        #expect(plan.published.map { String(buffer: $0.payload) } == ["seen"])
        #expect(plan.published[0].contentType == "text/plain")
    }

    @Test func `a projection of nothing is an error`() {
        #expect(throws: CapabilityError.self) { try OutboxPlan([write("b", "1", ["outbox.projection": "true"])]) }
    }
}
