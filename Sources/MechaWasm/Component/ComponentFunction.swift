/// A function of an interface of the host.
package enum ComponentFunction: Sendable {
    /// Answers at once.
    case immediate(@Sendable (ComponentCall) throws -> ComponentValue?)
    /// May wait.
    case suspending(@Sendable (ComponentCall) throws -> ComponentReply)
}

/// What a function that may wait answers.
package enum ComponentReply: Sendable {
    case now(ComponentValue?)
    /// As ``WasmReply/later(_:)``.
    case later(@Sendable () async -> ComponentCompletion)
}

package typealias ComponentCompletion = @Sendable (ComponentInstance) throws -> ComponentValue?
