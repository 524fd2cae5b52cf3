import CWasmtime
import NIOCore

extension ComponentValue {
    /// Reads what a guest passed. Resources that it gave away are the host's then.
    init(_ value: wasmtime_component_val_t, in store: WasmStore) throws {
        let of = value.of
        switch Int(value.kind) {
        case MECHA_COMPONENT_BOOL: self = .bool(of.boolean)
        case MECHA_COMPONENT_S8: self = .s8(of.s8)
        case MECHA_COMPONENT_U8: self = .u8(of.u8)
        case MECHA_COMPONENT_S16: self = .s16(of.s16)
        case MECHA_COMPONENT_U16: self = .u16(of.u16)
        case MECHA_COMPONENT_S32: self = .s32(of.s32)
        case MECHA_COMPONENT_U32: self = .u32(of.u32)
        case MECHA_COMPONENT_S64: self = .s64(of.s64)
        case MECHA_COMPONENT_U64: self = .u64(of.u64)
        case MECHA_COMPONENT_F32: self = .f32(of.f32)
        case MECHA_COMPONENT_F64: self = .f64(of.f64)
        case MECHA_COMPONENT_CHAR: self = .character(of.character)
        case MECHA_COMPONENT_STRING: self = .string(Self.text(of.string))
        case MECHA_COMPONENT_LIST:
            let items = UnsafeBufferPointer(start: of.list.data, count: of.list.size)
            if let first = items.first, Int(first.kind) == MECHA_COMPONENT_U8 {
                var bytes = ByteBufferAllocator().buffer(capacity: items.count)
                bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: items.count) { target in
                    for index in items.indices { target[index] = items[index].of.u8 }
                    return items.count
                }
                self = .bytes(bytes)
            } else {
                self = .list(try items.map { try ComponentValue($0, in: store) })
            }
        case MECHA_COMPONENT_TUPLE:
            self = .tuple(
                try UnsafeBufferPointer(start: of.list.data, count: of.list.size).map { try ComponentValue($0, in: store) })
        case MECHA_COMPONENT_RECORD:
            self = .record(
                try UnsafeBufferPointer(start: of.record.data, count: of.record.size).map {
                    (Self.text($0.name), try ComponentValue($0.val, in: store))
                })
        case MECHA_COMPONENT_VARIANT:
            self = .variant(Self.text(of.variant.discriminant), try of.variant.val.map { try ComponentValue($0.pointee, in: store) })
        case MECHA_COMPONENT_ENUM: self = .enumeration(Self.text(of.enumeration))
        case MECHA_COMPONENT_OPTION: self = .option(try of.option.map { try ComponentValue($0.pointee, in: store) })
        case MECHA_COMPONENT_RESULT:
            let payload = try of.result.val.map { try ComponentValue($0.pointee, in: store) }
            self = of.result.is_ok ? .ok(payload) : .failure(payload)
        case MECHA_COMPONENT_FLAGS:
            self = .flags(UnsafeBufferPointer(start: of.flags.data, count: of.flags.size).map { Self.text($0) })
        case MECHA_COMPONENT_RESOURCE:
            var host: OpaquePointer?
            if let error = wasmtime_component_resource_any_to_host(store.context, of.resource, &host) {
                throw WasmError(.trapped, taking: error)
            }
            guard let host else { throw ComponentTypeError("resource of the host") }
            defer { wasmtime_component_resource_host_delete(host) }
            self = .resource(
                ComponentHandle(
                    kind: .init(rawValue: wasmtime_component_resource_host_type(host)),
                    number: wasmtime_component_resource_host_rep(host), isOwned: wasmtime_component_resource_host_owned(host)))
        default: throw ComponentTypeError("value of a kind that is known here")
        }
    }

    /// Writes it where the library expects a value, which it owns from then on.
    func write(to target: UnsafeMutablePointer<wasmtime_component_val_t>, in store: WasmStore) throws {
        // Whatever throws below leaves something that can be freed.
        target.pointee = wasmtime_component_val_t()
        func set(_ kind: Int, _ change: (inout wasmtime_component_valunion_t) -> Void) {
            target.pointee.kind = UInt8(kind)
            change(&target.pointee.of)
        }
        switch self {
        case .bool(let value): set(MECHA_COMPONENT_BOOL) { $0.boolean = value }
        case .s8(let value): set(MECHA_COMPONENT_S8) { $0.s8 = value }
        case .u8(let value): set(MECHA_COMPONENT_U8) { $0.u8 = value }
        case .s16(let value): set(MECHA_COMPONENT_S16) { $0.s16 = value }
        case .u16(let value): set(MECHA_COMPONENT_U16) { $0.u16 = value }
        case .s32(let value): set(MECHA_COMPONENT_S32) { $0.s32 = value }
        case .u32(let value): set(MECHA_COMPONENT_U32) { $0.u32 = value }
        case .s64(let value): set(MECHA_COMPONENT_S64) { $0.s64 = value }
        case .u64(let value): set(MECHA_COMPONENT_U64) { $0.u64 = value }
        case .f32(let value): set(MECHA_COMPONENT_F32) { $0.f32 = value }
        case .f64(let value): set(MECHA_COMPONENT_F64) { $0.f64 = value }
        case .character(let value): set(MECHA_COMPONENT_CHAR) { $0.character = value }
        case .string(let value): set(MECHA_COMPONENT_STRING) { $0.string = Self.name(value) }
        case .bytes(let bytes):
            var list = wasmtime_component_vallist_t()
            wasmtime_component_vallist_new_uninit(&list, bytes.readableBytes)
            bytes.withUnsafeReadableBytes { source in
                guard let items = list.data else { return }
                for index in source.indices {
                    items[index] = wasmtime_component_val_t(
                        kind: UInt8(MECHA_COMPONENT_U8), of: wasmtime_component_valunion_t(u8: source[index]))
                }
            }
            set(MECHA_COMPONENT_LIST) { $0.list = list }
        case .list(let values):
            var list = wasmtime_component_vallist_t()
            wasmtime_component_vallist_new_uninit(&list, values.count)
            Self.clear(list)
            set(MECHA_COMPONENT_LIST) { $0.list = list }
            for (index, value) in values.enumerated() { if let item = list.data { try value.write(to: item + index, in: store) } }
        case .tuple(let values):
            var list = wasmtime_component_vallist_t()
            wasmtime_component_valtuple_new_uninit(&list, values.count)
            Self.clear(list)
            set(MECHA_COMPONENT_TUPLE) { $0.list = list }
            for (index, value) in values.enumerated() { if let item = list.data { try value.write(to: item + index, in: store) } }
        case .record(let fields):
            var record = wasmtime_component_valrecord_t()
            wasmtime_component_valrecord_new_uninit(&record, fields.count)
            guard let entries = record.data else { return }
            for (index, field) in fields.enumerated() {
                entries[index] = wasmtime_component_valrecord_entry_t(name: Self.name(field.0), val: wasmtime_component_val_t())
            }
            set(MECHA_COMPONENT_RECORD) { $0.record = record }
            for (index, field) in fields.enumerated() {
                var value = wasmtime_component_val_t()
                defer { entries[index].val = value }
                try field.1.write(to: &value, in: store)
            }
        case .variant(let name, let payload):
            let boxed = try Self.box(payload, in: store)
            set(MECHA_COMPONENT_VARIANT) { $0.variant = .init(discriminant: Self.name(name), val: boxed) }
        case .enumeration(let name): set(MECHA_COMPONENT_ENUM) { $0.enumeration = Self.name(name) }
        case .option(let payload):
            let boxed = try Self.box(payload, in: store)
            set(MECHA_COMPONENT_OPTION) { $0.option = boxed }
        case .ok(let payload):
            let boxed = try Self.box(payload, in: store)
            set(MECHA_COMPONENT_RESULT) { $0.result = .init(is_ok: true, val: boxed) }
        case .failure(let payload):
            let boxed = try Self.box(payload, in: store)
            set(MECHA_COMPONENT_RESULT) { $0.result = .init(is_ok: false, val: boxed) }
        case .flags(let names):
            var flags = wasmtime_component_valflags_t()
            wasmtime_component_valflags_new_uninit(&flags, names.count)
            for (index, name) in names.enumerated() { flags.data?[index] = Self.name(name) }
            set(MECHA_COMPONENT_FLAGS) { $0.flags = flags }
        case .resource(let handle):
            guard let host = wasmtime_component_resource_host_new(true, handle.number, handle.kind.rawValue) else {
                throw WasmError(.trapped, "wasmtime makes no resource")
            }
            defer { wasmtime_component_resource_host_delete(host) }
            var any: OpaquePointer?
            if let error = wasmtime_component_resource_host_to_any(store.context, host, &any) {
                throw WasmError(.trapped, taking: error)
            }
            set(MECHA_COMPONENT_RESOURCE) { $0.resource = any }
        }
    }

    /// Puts values that own nothing into a new vector.
    private static func clear(_ list: wasmtime_component_vallist_t) {
        list.data?.update(repeating: wasmtime_component_val_t(), count: list.size)
    }

    private static func box(_ value: ComponentValue?, in store: WasmStore) throws -> UnsafeMutablePointer<wasmtime_component_val_t>? {
        guard let value else { return nil }
        var raw = wasmtime_component_val_t()
        do {
            try value.write(to: &raw, in: store)
        } catch {
            wasmtime_component_val_delete(&raw)
            throw error
        }
        return wasmtime_component_val_new(&raw)
    }

    private static func text(_ name: wasm_name_t) -> String {
        guard let data = name.data else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: data, count: name.size), as: UTF8.self)
    }

    private static func name(_ text: String) -> wasm_name_t {
        var (text, name) = (text, wasm_name_t())
        text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { wasm_byte_vec_new(&name, $0.count, $0.baseAddress) }
        }
        return name
    }
}
