// MechaLocalSecrets (L2): secrets that are on this machine already, in a JSON file or in the
// environment of the process. It may import MechaCore, NIOCore (ByteBuffer) and Logging.

import MechaCore

/// The components of this module.
public enum LocalSecretsComponents {
    public static let all: [ComponentDescriptor] = [FileSecretStore.descriptor, EnvironmentSecretStore.descriptor]
}
