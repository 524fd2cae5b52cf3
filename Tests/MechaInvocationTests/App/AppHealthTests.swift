import MechaCore
import MechaTestKit
import MechaWire
import NIOCore
import Synchronization
import Testing

@testable import MechaInvocation

@Suite(.timeLimit(.minutes(1))) struct AppHealthTests {
    @Test func `a probed app is let through after its first good answer and shut off after enough bad ones`() {
        var state = AppHealthState(threshold: 3)
        #expect(!state.acceptsCalls)
        #expect(state.probed(isHealthy: false) == .none)
        #expect(state.probed(isHealthy: true) == .becameHealthy)
        #expect(state.acceptsCalls)
        #expect(state.probed(isHealthy: false) == .none)
        #expect(state.probed(isHealthy: false) == .none)
        #expect(state.probed(isHealthy: true) == .none)
        #expect(state.probed(isHealthy: false) == .none)
        #expect(state.probed(isHealthy: false) == .none)
        #expect(state.acceptsCalls)
        #expect(state.probed(isHealthy: false) == .becameUnhealthy)
        #expect(!state.acceptsCalls)
        #expect(state.probed(isHealthy: false) == .none)
        #expect(state.probed(isHealthy: true) == .becameHealthy)
        #expect(state.needsProbe)
    }

    @Test func `an app without probes is healthy once its port answers, and is never shut off`() {
        var state = AppHealthState(threshold: nil)
        #expect(state.acceptsCalls)
        #expect(!state.isHealthy)
        #expect(state.probed(isHealthy: false) == .none)
        #expect(state.acceptsCalls)
        #expect(state.needsProbe)
        #expect(state.probed(isHealthy: true) == .becameHealthy)
        #expect(!state.needsProbe)
        #expect(state.probed(isHealthy: false) == .none)
        #expect(state.isHealthy)
    }

    /// Answers probes as told.
    private final class FakeChannel: AppChannel {
        let appProtocol = AppProtocol.http
        private let answers: Mutex<[Int?]>
        let probes = Mutex(0)

        init(_ answers: [Int?]) { self.answers = Mutex(answers) }

        func forward(_ call: StreamedCall, owner: any CallOwner) {}

        func invoke(_ request: AppRequest, deadline: NIODeadline?) async throws(InvocationError) -> AppResponse { AppResponse(.http(.ok)) }

        func subscriptions(deadline: NIODeadline) async throws(InvocationError) -> [TopicSubscription] { throw Self.notAsked }

        func acceptedBindings(
            _ bindings: [(name: String, method: MethodPath)], deadline: NIODeadline
        ) async throws(InvocationError) -> Set<String> { throw Self.notAsked }

        func deliver(_ event: TopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> EventAnswer { throw Self.notAsked }

        func deliver(_ events: BulkTopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> [EventAnswer] {
            throw Self.notAsked
        }

        func trigger(_ trigger: BindingTrigger, deadline: NIODeadline?) async throws(InvocationError) -> BindingAnswer {
            throw Self.notAsked
        }

        private static let notAsked = InvocationError(.noAppChannel, "only probes are asked for here")

        func probe(path: String, timeout: TimeAmount) async -> Int? {
            probes.withLock { $0 += 1 }
            return answers.withLock { $0.count > 1 ? $0.removeFirst() : $0.first ?? nil }
        }

        func isReachable(timeout: TimeAmount) async -> Bool { await probe(path: "", timeout: timeout) != nil }
    }

    @Test func `the monitor probes at its interval and tells changes`() async {
        let clock = ManualClock()
        let channel = FakeChannel([503, 200, nil, 500, 200])
        var options = AppProbeOptions()
        options.isEnabled = true
        options.threshold = 2
        let monitor = AppHealthMonitor(
            app: AppAddress(appID: "a"), channel: channel, options: options, clock: clock, observer: SilentInvocationObserver())
        let running = Task { await monitor.run() }
        var accepted: [Bool] = []
        for _ in 0..<5 {
            while clock.sleeperCount == 0 { await Task.yield() }
            accepted.append(monitor.acceptsCalls)
            clock.advance(by: .seconds(4))
            #expect(clock.sleeperCount == 1)
            clock.advance(by: .seconds(1))
        }
        #expect(accepted == [false, true, true, false, true])
        running.cancel()
        await running.value
    }

    @Test func `waiting for the port ends when it answers`() async {
        let clock = ManualClock()
        let channel = FakeChannel([nil, nil, 200])
        let monitor = AppHealthMonitor(
            app: AppAddress(appID: "a"), channel: channel, options: .init(), clock: clock, observer: SilentInvocationObserver())
        var changes = monitor.changes().makeAsyncIterator()
        #expect(await changes.next() == false)
        let running = Task { await monitor.run() }
        for _ in 0..<2 {
            while clock.sleeperCount == 0 { await Task.yield() }
            clock.advance(by: .seconds(1))
        }
        await running.value
        #expect(await changes.next() == true)
        #expect(monitor.isHealthy)
        #expect(channel.probes.withLock { $0 } == 3)
    }
}
