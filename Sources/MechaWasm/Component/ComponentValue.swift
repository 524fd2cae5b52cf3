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

/// A resource of the host on its way to or from a guest.
package struct ComponentHandle: Sendable, Hashable {
    /// Which kind of resource it is.
    package var kind: ComponentResourceKind
    /// Where ``ComponentInstance`` keeps it.
    package var number: UInt32
    package var isOwned: Bool
}

/// A kind of resource that the host defines; equal numbers are one kind, whatever interface names it.
package struct ComponentResourceKind: RawRepresentable, Sendable, Hashable {
    package var rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// A guest passed something else than the interface says.
package struct ComponentTypeError: Error, Sendable, CustomStringConvertible {
    package var expected: String

    package init(_ expected: String) { self.expected = expected }

    package var description: String { "an argument is no \(expected)" }
}

// What host functions read arguments with.
extension ComponentValue {
    package var string: String {
        get throws(ComponentTypeError) {
            if case .string(let value) = self { return value }
            throw ComponentTypeError("string")
        }
    }

    package var bool: Bool {
        get throws(ComponentTypeError) {
            if case .bool(let value) = self { return value }
            throw ComponentTypeError("bool")
        }
    }

    /// Any unsigned number.
    package var number: UInt64 {
        get throws(ComponentTypeError) {
            switch self {
            case .u8(let value): return UInt64(value)
            case .u16(let value): return UInt64(value)
            case .u32(let value): return UInt64(value)
            case .u64(let value): return value
            default: throw ComponentTypeError("unsigned number")
            }
        }
    }

    package var bytes: ByteBuffer {
        get throws(ComponentTypeError) {
            switch self {
            case .bytes(let value): return value
            case .list(let values) where values.isEmpty: return ByteBuffer()
            default: throw ComponentTypeError("list<u8>")
            }
        }
    }

    package var list: [ComponentValue] {
        get throws(ComponentTypeError) {
            switch self {
            case .list(let values), .tuple(let values): return values
            case .bytes(let bytes) where bytes.readableBytes == 0: return []
            default: throw ComponentTypeError("list")
            }
        }
    }

    /// Nil for `none`.
    package var optional: ComponentValue? {
        get throws(ComponentTypeError) {
            if case .option(let value) = self { return value }
            throw ComponentTypeError("option")
        }
    }

    package var handle: ComponentHandle {
        get throws(ComponentTypeError) {
            if case .resource(let handle) = self { return handle }
            throw ComponentTypeError("resource")
        }
    }

    /// A case of a variant or an enumeration, and what it carries.
    package var variant: (name: String, payload: ComponentValue?) {
        get throws(ComponentTypeError) {
            switch self {
            case .variant(let name, let payload): return (name, payload)
            case .enumeration(let name): return (name, nil)
            default: throw ComponentTypeError("variant")
            }
        }
    }

    package var flags: [String] {
        get throws(ComponentTypeError) {
            if case .flags(let names) = self { return names }
            throw ComponentTypeError("flags")
        }
    }

    /// A field of a record.
    package func field(_ name: String) throws(ComponentTypeError) -> ComponentValue {
        guard case .record(let fields) = self, let field = fields.first(where: { $0.0 == name }) else {
            throw ComponentTypeError("record with a field \(name)")
        }
        return field.1
    }

    /// Names and values: a list of pairs of strings.
    package var pairs: [(name: String, value: String)] {
        get throws(ComponentTypeError) {
            var pairs: [(name: String, value: String)] = []
            for item in try list {
                let pair = try item.list
                guard pair.count == 2 else { throw ComponentTypeError("pair") }
                pairs.append((try pair[0].string, try pair[1].string))
            }
            return pairs
        }
    }

    package init(pairs: some Sequence<(name: String, value: String)>) {
        self = .list(pairs.map { .tuple([.string($0.name), .string($0.value)]) })
    }
}
