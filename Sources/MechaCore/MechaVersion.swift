/// The product's version.
public enum MechaVersion {
    public static let current = "0.1.0"
    /// The version of Dapr whose surface this release follows, told to clients that ask for a runtime version.
    public static let daprCompatibility = "1.18.3"
}
