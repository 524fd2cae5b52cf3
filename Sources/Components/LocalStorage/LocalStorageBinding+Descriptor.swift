import MechaCore

extension LocalStorageBinding {
    /// `bindings.localstorage`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "bindings.localstorage",
        summary: "Writes, reads, lists and removes files below a folder",
        fields: LocalStorageSettings.fields
    ) { metadata, environment in
        LocalStorageBinding(settings: try LocalStorageSettings(metadata, workingDirectory: environment.workingDirectory))
    }
}
