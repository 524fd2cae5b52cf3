/// What the guard of an app's processes does, as a state machine. See ``ProcessGuard``.
///
/// The group is asked to end (SIGTERM) when the one who started it says so or is gone, and also when
/// its first process has ended, so that nothing which that process left behind survives it. What is
/// still there at the deadline is killed.
struct GuardStateMachine: Sendable {
    enum Event: Equatable {
        /// The first process of the group ended.
        case leaderExited(ProcessExit)
        /// The group is to end: asked for, or the one who would ask is gone.
        case stopRequested
        /// The group is to end at once.
        case killRequested
        /// No process is left in the group.
        case groupEmptied
        case deadlinePassed
    }

    enum Action: Equatable {
        case report(ProcessExit)
        case terminateGroup
        case killGroup
        /// Replaces an earlier deadline.
        case setDeadline(Duration)
        case finish
    }

    /// What SIGTERM is given before SIGKILL follows; Dapr's value.
    static let patience = Duration.seconds(5)
    /// How long killed processes are waited for. Only one that hangs in the kernel takes longer.
    static let killPatience = Duration.seconds(1)

    private enum State { case running, terminating, killing, finished }

    private var state = State.running
    private var isLeaderGone = false

    mutating func handle(_ event: Event) -> [Action] {
        switch (event, state) {
        case (_, .finished):
            return []
        case (.leaderExited(let exit), .running):
            isLeaderGone = true
            state = .terminating
            return [.report(exit), .terminateGroup, .setDeadline(Self.patience)]
        case (.leaderExited(let exit), _):
            isLeaderGone = true
            return [.report(exit)]
        case (.stopRequested, .running):
            state = .terminating
            return [.terminateGroup, .setDeadline(Self.patience)]
        case (.killRequested, .running), (.killRequested, .terminating), (.deadlinePassed, .terminating):
            state = .killing
            return [.killGroup, .setDeadline(Self.killPatience)]
        case (.groupEmptied, _) where isLeaderGone, (.deadlinePassed, .killing):
            state = .finished
            return [.finish]
        case (.stopRequested, _), (.killRequested, .killing), (.groupEmptied, _), (.deadlinePassed, .running):
            return []
        }
    }
}
