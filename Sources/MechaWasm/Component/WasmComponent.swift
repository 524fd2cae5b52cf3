import CWasmtime

/// A component: verified code, and the interfaces that it needs and offers.
package final class WasmComponent: @unchecked Sendable {
    /// An interface, or what stands by itself in the world.
    package struct Interface: Sendable, Hashable {
        /// With the version, as the component writes it: `wasi:io/streams@0.2.3`.
        package var name: String
        package var functions: [String]
        package var resources: [String]
        /// False for a function, type or module that is imported without an interface.
        package var isInterface: Bool

        /// The name without the version.
        package var plainName: Substring { name.prefix { $0 != "@" } }
    }

    package let engine: WasmEngine
    package let imports: [Interface]
    package let exports: [Interface]
    let pointer: OpaquePointer

    /// Takes over `pointer`.
    init(_ pointer: OpaquePointer, engine: WasmEngine) throws(WasmError) {
        self.pointer = pointer
        self.engine = engine
        guard let type = wasmtime_component_type(pointer) else {
            wasmtime_component_delete(pointer)
            throw WasmError(.invalidModule, "the component tells no type")
        }
        defer { wasmtime_component_type_delete(type) }
        imports = Self.interfaces(wasmtime_component_type_import_count(type, engine.pointer)) { index, name, length, item in
            wasmtime_component_type_import_nth(type, engine.pointer, index, &name, &length, &item)
        }
        .map { Self.interface($0, $1, engine) }
        exports = Self.interfaces(wasmtime_component_type_export_count(type, engine.pointer)) { index, name, length, item in
            wasmtime_component_type_export_nth(type, engine.pointer, index, &name, &length, &item)
        }
        .map { Self.interface($0, $1, engine) }
    }

    deinit { wasmtime_component_delete(pointer) }

    private typealias Nth = (Int, inout UnsafePointer<CChar>?, inout Int, inout OpaquePointer?) -> Bool

    /// Names with what stands behind them, which whoever takes it frees.
    private static func interfaces(_ count: Int, _ nth: Nth) -> [(String, wasmtime_component_item_t)] {
        (0..<count).compactMap { index in
            var (name, length): (UnsafePointer<CChar>?, Int) = (nil, 0)
            var outer: OpaquePointer?
            guard nth(index, &name, &length, &outer), let outer else { return nil }
            defer { wasmtime_component_extern_delete(outer) }
            var item = wasmtime_component_item_t()
            wasmtime_component_extern_type(outer, &item)
            return (String(decoding: UnsafeRawBufferPointer(start: name, count: length), as: UTF8.self), item)
        }
    }

    private static func interface(_ name: String, _ item: wasmtime_component_item_t, _ engine: WasmEngine) -> Interface {
        var item = item
        defer { wasmtime_component_item_delete(&item) }
        guard Int(item.kind) == MECHA_COMPONENT_ITEM_INSTANCE, let type = item.of.pointer.map({ OpaquePointer($0) }) else {
            return Interface(name: name, functions: [], resources: [], isInterface: false)
        }
        var (functions, resources): ([String], [String]) = ([], [])
        let parts = interfaces(wasmtime_component_instance_type_export_count(type, engine.pointer)) { index, name, length, item in
            wasmtime_component_instance_type_export_nth(type, engine.pointer, index, &name, &length, &item)
        }
        for (name, part) in parts {
            var item = part
            switch Int(item.kind) {
            case MECHA_COMPONENT_ITEM_FUNC: functions.append(name)
            case MECHA_COMPONENT_ITEM_RESOURCE: resources.append(name)
            default: break
            }
            wasmtime_component_item_delete(&item)
        }
        return Interface(name: name, functions: functions, resources: resources, isInterface: true)
    }

    /// An exported interface by its name without the version.
    package func export(_ name: String) -> Interface? { exports.first { $0.plainName == name } }
}
