// MechaInMemory (L2): state and messages that live as long as the process, for development, tests and
// caches. It may import MechaCore, MechaWire (event loops), NIOCore (ByteBuffer) and Logging.

import MechaCore

/// The components of this module.
public enum InMemoryComponents {
    public static let all: [ComponentDescriptor] = [InMemoryStateStore.descriptor, InMemoryPubSub.descriptor]
}
