import MechaRuntime

/// Versions as commands print them.
enum Version {
    static let mecha = "0.1.0"
    /// The release of Dapr whose behaviour this one has, told where tools compare versions.
    static let dapr = "1.18.3"

    /// For `--version` of `mecha` and `dapr`.
    static let text = "CLI version: \(dapr) \nRuntime version: \(dapr)\nMecha version: \(mecha)"
}
