import MechaCore

/// Versions as commands print them.
enum Version {
    /// For `version`, and `--version` of `mecha` and `dapr`.
    static let text = """
        CLI version: \(MechaVersion.daprCompatibility) 
        Runtime version: \(MechaVersion.daprCompatibility)
        Mecha version: \(MechaVersion.current)
        """
}
