// MechaInMemory (L2): state that lives as long as the process, for development, tests and caches.
// It may import MechaCore, NIOCore (ByteBuffer) and Logging.

import MechaCore

/// The components of this module.
public enum InMemoryComponents {
    public static let all: [ComponentDescriptor] = [InMemoryStateStore.descriptor]
}
