import MechaCore
import MechaTestKit
import Testing

@testable import MechaManifest
@testable import MechaPolicies
@testable import MechaResiliency

@Suite struct PolicyTableTests {
    private let clock = ManualClock()

    private func table(_ spec: String, previous: PolicyTable? = nil) throws -> PolicyTable {
        PolicyTable(try resiliency(spec), metrics: nil, clock: clock, previous: previous)
    }

    private static let rules = """
        policies:
          timeouts: {short: 2s, none: 0s}
          retries:
            thrice: {policy: constant, duration: 1s, maxRetries: 3, matching: {httpStatusCodes: "429,500-599", gRPCStatusCodes: "4,14"}}
            growing: {policy: exponential, maxInterval: 9s}
          circuitBreakers:
            touchy: {maxRequests: 2, interval: 8s, timeout: 30s, trip: consecutiveFailures >= 2}
        targets:
          apps:
            orders: {timeout: short, retry: thrice, circuitBreaker: touchy, circuitBreakerCacheSize: 2}
            plain: {timeout: none}
          actors:
            cart: {retry: growing, circuitBreaker: touchy, circuitBreakerScope: type}
            user: {circuitBreaker: touchy, circuitBreakerScope: id}
          components:
            store: {outbound: {timeout: short, retry: growing}}
            broker: {inbound: {circuitBreaker: touchy}}
        """

    @Test func `targets get the policies that they name`() throws {
        let table = try table(Self.rules)
        let orders = try #require(table.app("orders")?.policy(endpoint: "/a"))
        #expect(orders.timeout == .seconds(2))
        #expect(
            orders.retry
                == RetryPolicy(
                    backoff: .constant(.seconds(1)), maximumRetries: 3, httpStatusCodes: NumberRanges([429...429, 500...599]),
                    grpcStatusCodes: NumberRanges([4...4, 14...14])))
        #expect(orders.breaker != nil)
        // A target that is named, if only for nothing, switches the built-in retries off.
        #expect(table.app("plain") != nil && table.app("plain")?.policy(endpoint: "/a") == nil)
        #expect(table.app("other") == nil)
        let store = table.component("store", .statestore, .outbound)
        #expect(store?.timeout == .seconds(2) && table.component("store", .statestore, .inbound) == nil)
        #expect(store?.retry?.maximumElapsed == .seconds(900) && store?.retry?.maximumRetries == nil)
        #expect(store?.retry?.backoff == .exponential(maximum: .seconds(9)))
        #expect(table.component("broker", .pubsub, .outbound) == nil)
        #expect(table.component("broker", .pubsub, .inbound)?.breaker != nil)
        #expect(table.component("other", .pubsub, .outbound) == nil)
        #expect(PolicyTable.empty.app("x") == nil && PolicyTable.empty.component("x", .lock, .inbound) == nil)
    }

    @Test func `an app has a breaker for each endpoint, of the most recent ones`() throws {
        let table = try table(Self.rules)
        let orders = try #require(table.app("orders"))
        let first = try #require(orders.policy(endpoint: "/a")?.breaker)
        #expect(orders.policy(endpoint: "/a")?.breaker === first)
        let second = try #require(orders.policy(endpoint: "/b")?.breaker)
        #expect(second !== first)
        #expect(orders.policy(endpoint: "/a")?.breaker === first)
        _ = orders.policy(endpoint: "/c")
        #expect(orders.policy(endpoint: "/a")?.breaker === first)
        #expect(orders.policy(endpoint: "/b")?.breaker !== second)
        let cart = try #require(table.actor("cart"))
        #expect(cart.policy(endpoint: "1")?.breaker === cart.policy(endpoint: "2")?.breaker)
        let user = try #require(table.actor("user"))
        #expect(user.policy(endpoint: "1")?.breaker !== user.policy(endpoint: "2")?.breaker)
    }

    @Test func `default policies apply to what names none, the narrowest first`() throws {
        let table = try table(
            """
            policies:
              timeouts:
                DefaultTimeoutPolicy: 1s
                DefaultComponentTimeoutPolicy: 2s
                DefaultComponentOutboundTimeoutPolicy: 3s
                DefaultStatestoreComponentOutboundTimeoutPolicy: 4s
                own: 9s
              retries:
                DefaultAppRetryPolicy: {policy: constant, duration: 7s, maxRetries: 1}
              circuitBreakers:
                DefaultActorCircuitBreakerPolicy: {timeout: 5s}
            targets:
              components: {mine: {outbound: {timeout: own}}}
            """)
        #expect(table.component("a", .statestore, .outbound)?.timeout == .seconds(4))
        #expect(table.component("a", .statestore, .inbound)?.timeout == .seconds(2))
        #expect(table.component("b", .pubsub, .outbound)?.timeout == .seconds(3))
        #expect(table.component("mine", .statestore, .outbound)?.timeout == .seconds(9))
        #expect(table.component("mine", .statestore, .inbound) == nil)
        let app = try #require(table.app("any")?.policy(endpoint: "/"))
        #expect(app.timeout == .seconds(1) && app.retry?.maximumRetries == 1 && app.breaker == nil)
        let actor = try #require(table.actor("any"))
        #expect(actor.policy(endpoint: "1")?.breaker != nil)
        #expect(table.actor("any") === actor)
    }

    @Test func `built-in retries are there and can be replaced, not weakened`() throws {
        let table = try table(
            "policies: {retries: {DaprBuiltInServiceRetries: {policy: constant, duration: 2s, maxRetries: 1}, DaprBuiltInActorNotFoundRetries: {policy: constant, maxRetries: 9}}}"
        )
        #expect(table.retryPolicy(named: "DaprBuiltInServiceRetries")?.maximumRetries == 3)
        #expect(table.retryPolicy(named: "DaprBuiltInServiceRetries")?.backoff == .constant(.seconds(2)))
        #expect(table.retryPolicy(named: "DaprBuiltInActorNotFoundRetries")?.maximumRetries == 5)
        #expect(table.warnings.count == 2)
        #expect(PolicyTable.empty.retryPolicy(named: "DaprBuiltInServiceRetries") == .builtInServiceRetries)
        #expect(PolicyTable.empty.retryPolicy(named: "DaprBuiltInActorReminderRetries")?.maximumElapsed == .seconds(900))
    }

    @Test func `a reload keeps the breakers of what did not change`() throws {
        let before = try table(Self.rules)
        let same = try table(Self.rules, previous: before)
        #expect(same.app("orders") === before.app("orders"))
        #expect(same.component("broker", .pubsub, .inbound)?.breaker === before.component("broker", .pubsub, .inbound)?.breaker)
        let changed = try table(Self.rules.replacing("timeout: 30s", with: "timeout: 31s"), previous: before)
        #expect(changed.app("orders") !== before.app("orders"))
    }

    @Test(arguments: [
        ("consecutiveFailures >", "is no condition (column 22: the end stands where a value begins"),
        ("failures > 3", "there is no variable \"failures\""), ("requests", "is of type int and not bool"),
        ("requests > 'a'", "> does not take (int, string)"),
    ])
    func `a bad trip expression is told with file, line and field`(_ trip: String, _ message: String) throws {
        do {
            _ = try resiliency("policies:\n  circuitBreakers:\n    x: {trip: \"\(trip)\"}")
            Issue.record("\(trip) was taken")
        } catch let problems as Problems {
            #expect(problems.lines.count == 1)
            #expect(problems.lines[0].contains("/resiliency.yaml:8:") && problems.lines[0].contains("spec.policies.circuitBreakers.x.trip"))
            #expect(problems.lines[0].contains(message), "\(problems.lines[0])")
        }
    }
}
