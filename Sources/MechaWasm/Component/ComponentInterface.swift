/// An interface that the host gives to components: `wasi:io/streams`.
package struct ComponentInterface: Sendable {
    /// By the names that components import: `[method]input-stream.read`.
    package var functions: [String: ComponentFunction]
    /// Those defined here, and those of other interfaces by the names that they have here.
    package var resources: [String: ComponentResourceKind]

    package init(functions: [String: ComponentFunction] = [:], resources: [String: ComponentResourceKind] = [:]) {
        self.functions = functions
        self.resources = resources
    }
}

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

/// A guest's call of a host function: its arguments, and the instance that called.
package struct ComponentCall {
    package let instance: ComponentInstance
    package let arguments: [ComponentValue]

    package subscript(index: Int) -> ComponentValue {
        get throws(ComponentTypeError) {
            guard index < arguments.count else { throw ComponentTypeError("argument \(index)") }
            return arguments[index]
        }
    }

    /// The host's object behind a resource. One that the guest gave away is no longer known afterwards.
    package func object<Object: AnyObject>(_ index: Int, as type: Object.Type = Object.self) throws -> Object {
        try instance.object(try self[index].handle, as: type)
    }
}
