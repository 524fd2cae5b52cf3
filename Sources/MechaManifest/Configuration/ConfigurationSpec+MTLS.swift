import MechaCore

extension ConfigurationSpec {
    /// Encryption between runtimes.
    public struct MTLS: Sendable, Equatable {
        public let isEnabled: Bool
        public let workloadCertificateLifetime: Duration
        public let allowedClockSkew: Duration
        public let sentryAddress: String?
        public let controlPlaneTrustDomain: String?
        public let tokenValidators: [TokenValidator]
    }

    /// Checks who asks for a certificate.
    public struct TokenValidator: Sendable, Equatable {
        public let name: String
        public let options: JSON
    }
}

extension ConfigurationSpec.MTLS {
    init(_ fields: FieldReader) {
        isEnabled = fields.bool("enabled", default: false)
        workloadCertificateLifetime = fields.duration("workloadCertTTL") ?? .seconds(24 * 3600)
        allowedClockSkew = fields.duration("allowedClockSkew") ?? .seconds(15 * 60)
        sentryAddress = fields.string("sentryAddress")
        controlPlaneTrustDomain = fields.string("controlPlaneTrustDomain")
        tokenValidators = fields.list("tokenValidators") { validator in
            ConfigurationSpec.TokenValidator(
                name: validator.required("name", expected: "the validator's name, such as jwks"),
                options: validator.value("options")?.json ?? .null)
        }
    }
}
