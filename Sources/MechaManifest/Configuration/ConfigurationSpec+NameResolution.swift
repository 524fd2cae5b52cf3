import MechaCore

extension ConfigurationSpec {
    /// How other apps are found.
    public struct NameResolution: Sendable, Equatable {
        /// The resolver's name without `nameresolution.`; nil for the default one.
        public let component: String?
        public let version: String
        /// What the resolver is set up with, as written.
        public let configuration: JSON
    }
}

extension ConfigurationSpec.NameResolution {
    init(_ fields: FieldReader) {
        component = fields.string("component").flatMap { $0.isEmpty ? nil : $0 }
        version = fields.string("version") ?? "v1"
        configuration = fields.value("configuration")?.json ?? .null
    }
}
