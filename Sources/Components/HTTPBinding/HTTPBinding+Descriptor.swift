import MechaCore

extension HTTPBinding {
    /// `bindings.http`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "bindings.http",
        summary: "Calls an HTTP endpoint",
        fields: HTTPBindingSettings.fields
    ) { metadata, environment in
        HTTPBinding(
            settings: try HTTPBindingSettings(metadata, workingDirectory: environment.workingDirectory), group: environment.eventLoopGroup)
    }
}
