@testable import MechaManifest

/// What a text gives when it stands in a file called `test.yaml`.
func parse(_ text: String, environment: [String: String] = [:], limits: ManifestLimits = .init()) -> ManifestReport {
    ManifestLoader(limits: limits, environment: environment).parse(text: text, fileName: "test.yaml")
}

extension ManifestReport {
    var errorTexts: [String] { errors.map(\.description) }
    var warningTexts: [String] { warnings.map(\.description) }
}

/// A configuration with the given spec, indented by two.
func configuration(_ spec: String, environment: [String: String] = [:]) -> ManifestReport {
    parse(
        """
        apiVersion: dapr.io/v1alpha1
        kind: Configuration
        metadata:
          name: c
        spec:
        \(spec)
        """, environment: environment)
}
