/// Something that the one who watches a run is told. ``RunNarrator`` has the words.
enum RunNotice: Equatable, Sendable {
    /// The runtime's listeners are open.
    case runtimeUp
    case runtimeFailed(String)
    /// An app is about to be started.
    case preparing(Int)
    /// An app runs; without a process id it has no command.
    case appUp(Int, pid: Int32?)
    case appNotStarted(Int, String)
    case allUp
    /// An app ended by itself.
    case appExited(Int, ProcessExit)
    /// An app was taken out of the run, alone; how it stood then.
    case appClosed(Int, RunStateMachine.AppPhase)
    case stopping
    /// All is over; how each app stood then.
    case stopped([RunStateMachine.AppPhase])
}
