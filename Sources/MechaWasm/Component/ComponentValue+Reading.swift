import NIOCore

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
