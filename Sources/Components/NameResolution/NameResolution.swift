// MechaNameResolution (L2): how runtimes find the runtimes of other apps. Registry/ is a SQLite file
// that all runtimes of a host share, the default; static, DNS and multicast DNS (MDNS/) are the others.
// It may import MechaCore, MechaSQLite (for its worker), NIOCore, NIOPosix and Logging.

import MechaCore

/// The components of this module.
public enum NameResolutionComponents {
    public static let all: [ComponentDescriptor] = [
        RegistryResolver.descriptor, StaticResolver.descriptor, DNSResolver.descriptor, MDNSResolver.descriptor,
    ]
}
