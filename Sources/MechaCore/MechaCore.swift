// MechaCore (L0): what every other module agrees on. Capability contracts (StateStore, SecretStore,
// NameResolver), the component contract and its self-description, values, errors, limits, clock and ids.
// It may import NIOCore (ByteBuffer, EventLoopGroup) and Logging, and nothing of Mecha's own.
