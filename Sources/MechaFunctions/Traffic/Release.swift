import MechaCore

/// A revision on its way to all calls of an alias. Pure: who drives it says what calls did and what time it is, and does
/// what it answers. After a restart of the process, the step that was under way begins anew.
public struct Release: Sendable, Hashable {
    public enum Phase: Sendable, Hashable {
        case running(step: Int)
        case done
        /// Its calls went back, by itself.
        case rolledBack(reason: String)
        /// Somebody ended it, or moved the alias.
        case ended(reason: String)
    }

    /// What calls of the revision did since the step began.
    public struct Window: Sendable, Equatable {
        public var calls: Int
        public var failures: Int
        /// What 99 of 100 calls stayed below, in milliseconds.
        public var p99Milliseconds: Double

        public init(calls: Int = 0, failures: Int = 0, p99Milliseconds: Double = 0) {
            self.calls = calls
            self.failures = failures
            self.p99Milliseconds = p99Milliseconds
        }
    }

    /// What is to be done now.
    public enum Action: Sendable, Equatable {
        case none
        /// Send the revision so much of the calls, and begin a new window.
        case give(percent: Int)
        case finish
        case rollBack
    }

    public let revision: Int
    public let plan: ReleasePlan
    /// Where the calls went before.
    public let before: TrafficSplit
    public private(set) var phase = Phase.running(step: 0)
    /// When the step began, in nanoseconds of a clock that never runs backwards; nil when it has not in this process.
    private var stepBegan: UInt64?

    public init(revision: Int, plan: ReleasePlan, before: TrafficSplit) {
        self.revision = revision
        self.plan = plan
        self.before = before
    }

    public var isRunning: Bool { if case .running = phase { true } else { false } }

    /// Where the calls go in the step that is under way.
    public var split: TrafficSplit {
        guard case .running(let step) = phase else { return before }
        return before.giving(revision, percent: plan.steps[min(step, plan.steps.count - 1)])
    }

    /// Looks at the window, at any time.
    public mutating func judge(_ window: Window, at now: UInt64) -> Action {
        guard case .running(let step) = phase else { return .none }
        guard let began = stepBegan else {
            stepBegan = now
            return .give(percent: plan.steps[step])
        }
        let isJudged = window.calls >= max(1, plan.callsAtLeast)
        if isJudged, let reason = fault(window) {
            phase = .rolledBack(reason: "\(reason) at \(plan.steps[step]) %")
            return .rollBack
        }
        let isOver = now >= began && now - began >= UInt64(plan.waitMilliseconds) * 1_000_000
        guard isOver, isJudged || plan.callsAtLeast == 0 else { return .none }
        guard step + 1 < plan.steps.count else {
            phase = .done
            return .finish
        }
        phase = .running(step: step + 1)
        stepBegan = now
        return .give(percent: plan.steps[step + 1])
    }

    /// Nil for a window that keeps what the plan asks for.
    private func fault(_ window: Window) -> String? {
        if let most = plan.errorsPer100000AtMost, window.failures * 100_000 > most * window.calls {
            let percent = Double((window.failures * 10_000 / window.calls)) / 100
            return "\(window.failures) of \(window.calls) calls failed (\(percent) %; at most \(Double(most) / 1_000) % may)"
        }
        if let most = plan.p99MillisecondsAtMost, window.p99Milliseconds > Double(most) {
            return "99 of 100 of \(window.calls) calls took up to \(Int(window.p99Milliseconds.rounded(.up))) ms (at most \(most) ms)"
        }
        return nil
    }

    /// Ends it from outside.
    public mutating func end(_ reason: String) {
        if isRunning { phase = .ended(reason: reason) }
    }

    /// What was to be done cannot be.
    mutating func fail(_ reason: String) {
        if isRunning { phase = .rolledBack(reason: reason) }
    }

    public var json: JSON {
        var members: [JSON.Member] = [.init("revision", .integer(revision)), .init("plan", plan.json), .init("before", before.json)]
        switch phase {
        case .running(let step):
            members += [
                .init("phase", "running"), .init("step", .integer(step)), .init("percent", .integer(plan.steps[step])),
            ]
        case .done: members.append(.init("phase", "done"))
        case .rolledBack(let reason): members += [.init("phase", "rolledBack"), .init("reason", .string(reason))]
        case .ended(let reason): members += [.init("phase", "ended"), .init("reason", .string(reason))]
        }
        return .object(members)
    }

    public init?(_ json: JSON) {
        guard let revision = json["revision"]?.intValue, let plan = json["plan"].flatMap({ try? ReleasePlan($0) }),
            let before = json["before"].flatMap({ TrafficSplit($0) })
        else { return nil }
        self.init(revision: revision, plan: plan, before: before)
        let reason = json["reason"]?.stringValue ?? ""
        switch json["phase"]?.stringValue {
        case "running":
            guard let step = json["step"]?.intValue, plan.steps.indices.contains(step) else { return nil }
            phase = .running(step: step)
        case "done": phase = .done
        case "rolledBack": phase = .rolledBack(reason: reason)
        case "ended": phase = .ended(reason: reason)
        default: return nil
        }
    }
}
