import MechaCore
import MechaManifest
import MechaPolicies
import MechaResiliency
import MechaWire
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import MechaInvocation

/// Invocations under Resiliency policies, through real runtimes and apps.
@Suite struct PolicyTests {
    /// Answers each request with the next of `statuses`, `hang` for 0, and tells what it got.
    private final class FlakyApp: Sendable {
        private let state: Mutex<(statuses: [Int], bodies: [String])>
        init(_ statuses: [Int]) { state = Mutex((statuses, [])) }
        var bodies: [String] { state.withLock { $0.bodies } }

        var service: TestService {
            TestService { [self] exchange in
                exchange.run { exchange in
                    let body = (try? await exchange.collectBody()) ?? ByteBuffer()
                    let status = self.state.withLock { state in
                        state.bodies.append(String(buffer: body))
                        return state.statuses.isEmpty ? 200 : state.statuses.removeFirst()
                    }
                    if status == 0 {
                        try? await Task.sleep(for: .seconds(60))
                        return
                    }
                    exchange.respond(status: .init(statusCode: status), body: ByteBuffer(string: "answer \(status)"))
                }
            }
        }
    }

    private func policies(_ spec: String) throws -> @Sendable (String) -> TargetPolicies? {
        let report = try manifest("apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: {name: r}\nspec: \(spec)\n")
        #expect(report.errors.isEmpty, "\(report.errors)")
        let table = PolicyTable(report.resources.resiliencies, metrics: nil, clock: SystemClock())
        return { table.app($0) }
    }

    private static let thrice =
        "{policies: {retries: {r: {policy: constant, duration: 1ms, maxRetries: 2}}}, targets: {apps: {flaky: {retry: r}}}}"

    @Test(arguments: [true, false]) func `a call is made again with its body until it succeeds`(isLocal: Bool) async throws {
        try await TestRuntime.run { runtime in
            let flaky = FlakyApp([503, 500])
            let app = runtime.app("flaky", port: try await runtime.listen(flaky.service))
            let own = runtime.app("me", port: nil)
            let apps = LocalApps()
            if isLocal { apps.add(app) } else { runtime.resolver.set(app.address, [try await runtime.peer(app)]) }
            let (_, port) = try await runtime.runtime(of: own, apps: apps, policies: try policies(Self.thrice))
            let answer = try await runtime.request(.POST, "/v1.0/invoke/flaky/method/x", port: port, body: "payload")
            #expect(answer.status == 200 && answer.body == "answer 200")
            #expect(flaky.bodies == ["payload", "payload", "payload"])
        }
    }

    @Test func `the last answer is passed on when the retries are used up`() async throws {
        try await TestRuntime.run { runtime in
            let flaky = FlakyApp([503, 502, 501, 500])
            let app = runtime.app("flaky", port: try await runtime.listen(flaky.service))
            let (_, port) = try await runtime.runtime(of: app, policies: try policies(Self.thrice))
            let answer = try await runtime.request(.GET, "/v1.0/invoke/flaky/method/x", port: port)
            #expect(answer.status == 501 && answer.body == "answer 501")
            #expect(flaky.bodies.count == 3)
        }
    }

    @Test func `codes that do not match are not retried`() async throws {
        try await TestRuntime.run { runtime in
            let flaky = FlakyApp([404])
            let app = runtime.app("flaky", port: try await runtime.listen(flaky.service))
            let spec =
                "{policies: {retries: {r: {policy: constant, duration: 1ms, maxRetries: 2, matching: {httpStatusCodes: 500-599}}}}, targets: {apps: {flaky: {retry: r}}}}"
            let (_, port) = try await runtime.runtime(of: app, policies: try policies(spec))
            #expect(try await runtime.request(.GET, "/v1.0/invoke/flaky/method/x", port: port).status == 404)
            #expect(flaky.bodies.count == 1)
        }
    }

    @Test func `a timeout is told, and retried where a policy says so`() async throws {
        try await TestRuntime.run { runtime in
            let flaky = FlakyApp([0, 200, 0])
            let app = runtime.app("flaky", port: try await runtime.listen(flaky.service))
            let spec =
                "{policies: {timeouts: {t: 50ms}, retries: {r: {policy: constant, duration: 1ms, maxRetries: 1}}}, targets: {apps: {flaky: {timeout: t, retry: r}}}}"
            let (_, port) = try await runtime.runtime(of: app, policies: try policies(spec))
            #expect(try await runtime.request(.POST, "/v1.0/invoke/flaky/method/x", port: port, body: "b").status == 200)
            let alone = "{policies: {timeouts: {t: 50ms}}, targets: {apps: {flaky: {timeout: t}}}}"
            let (_, second) = try await runtime.runtime(of: app, policies: try policies(alone))
            let answer = try await runtime.request(.GET, "/v1.0/invoke/flaky/method/x", port: second)
            #expect(answer.status == 599 && answer.body == "policy-timeout")
        }
    }

    @Test func `an open breaker answers without the app`() async throws {
        try await TestRuntime.run { runtime in
            let flaky = FlakyApp([500, 500, 500, 500])
            let app = runtime.app("flaky", port: try await runtime.listen(flaky.service))
            let spec =
                "{policies: {circuitBreakers: {c: {timeout: 1h, trip: consecutiveFailures >= 2}}}, targets: {apps: {flaky: {circuitBreaker: c}}}}"
            let (_, port) = try await runtime.runtime(of: app, policies: try policies(spec))
            for expected in [500, 500, 599, 599] {
                #expect(try await runtime.request(.GET, "/v1.0/invoke/flaky/method/x", port: port).status == expected)
            }
            #expect(flaky.bodies.count == 2)
            // Another method has a breaker of its own.
            #expect(try await runtime.request(.GET, "/v1.0/invoke/flaky/method/y", port: port).status == 500)
        }
    }

    @Test func `a stream of unknown length is sent once`() async throws {
        try await TestRuntime.run { runtime in
            let flaky = FlakyApp([503])
            let app = runtime.app("flaky", port: try await runtime.listen(flaky.service))
            let (_, port) = try await runtime.runtime(of: app, policies: try policies(Self.thrice))
            let answer = try await runtime.chunked("/v1.0/invoke/flaky/method/x", port: port, pieces: ["one", "two"])
            #expect(answer == 503)
            #expect(flaky.bodies == ["onetwo"])
        }
    }

    @Test func `a call in memory is retried too`() async throws {
        try await TestRuntime.run { runtime in
            let flaky = FlakyApp([503, 503])
            let app = runtime.app("flaky", port: try await runtime.listen(flaky.service))
            let (invoker, _) = try await runtime.runtime(of: app, policies: try policies(Self.thrice))
            let response = try await invoker.invoke(
                AppRequest(.POST, try MethodPath("/x"), body: ByteBuffer(string: "b")), at: .app(app.address))
            guard case .http(.ok) = response.outcome else { return #expect(Bool(false), "\(response.outcome)") }
            #expect(flaky.bodies == ["b", "b", "b"])
        }
    }

    @Test func `a caller who leaves ends the attempts`() async throws {
        try await TestRuntime.run { runtime in
            let flaky = FlakyApp([0])
            let app = runtime.app("flaky", port: try await runtime.listen(flaky.service))
            let spec =
                "{policies: {circuitBreakers: {c: {timeout: 1h, trip: totalFailures >= 1}}, retries: {r: {policy: constant, duration: 1ms}}}, targets: {apps: {flaky: {retry: r, circuitBreaker: c}}}}"
            let (_, port) = try await runtime.runtime(of: app, policies: try policies(spec))
            let call = Task { try await runtime.request(.GET, "/v1.0/invoke/flaky/method/x", port: port) }
            while flaky.bodies.isEmpty { await Task.yield() }
            call.cancel()
            _ = try? await call.value
            while !runtime.observer.log.contains(where: { $0.contains("cancelled") }) { await Task.yield() }
            // Nothing was held against the app.
            #expect(try await runtime.request(.GET, "/v1.0/invoke/flaky/method/x", port: port).status == 200)
            #expect(flaky.bodies.count == 2)
        }
    }
}
