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
