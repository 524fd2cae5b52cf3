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
