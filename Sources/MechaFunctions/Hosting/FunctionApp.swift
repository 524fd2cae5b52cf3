import MechaHost
import MechaInvocation

/// The app that a function is, as the process runs it.
public protocol FunctionApp: Sendable {
    var runtime: AppRuntime { get }
    /// Lets others find and call it, and begins to deliver events.
    func join() async throws
    /// Takes it out again: no call and no event after this.
    func close() async
}

/// Makes apps of functions, and the listener that calls come in by.
public protocol FunctionHosting: Sendable {
    /// Throws ``FunctionBaseError`` when another app of the process has the name.
    func open(_ name: String, channel: any AppChannel, triggers: AppTriggers, log: FunctionLog) async throws -> any FunctionApp
    /// Called before the first function is there. Throws when the listener cannot be opened.
    func prepare(_ base: FunctionBase) async throws
}
