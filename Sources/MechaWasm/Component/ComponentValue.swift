import NIOCore

/// A value of the component model, as functions of interfaces take and give them.
package indirect enum ComponentValue: Sendable {
    case bool(Bool)
    case s8(Int8)
    case s16(Int16)
    case s32(Int32)
    case s64(Int64)
    case u8(UInt8)
    case u16(UInt16)
    case u32(UInt32)
    case u64(UInt64)
    case f32(Float)
    case f64(Double)
    case character(UInt32)
    case string(String)
    /// A `list<u8>`.
    case bytes(ByteBuffer)
    case list([ComponentValue])
    /// In the order of the type.
    case record([(String, ComponentValue)])
    case tuple([ComponentValue])
    case variant(String, ComponentValue?)
    case enumeration(String)
    case option(ComponentValue?)
    case ok(ComponentValue?)
    case failure(ComponentValue?)
    case flags([String])
    /// A resource of the host: to a guest always as its own, from a guest as its own or lent.
    case resource(ComponentHandle)
}
