import CWasmtime

/// A component with its imports resolved, ready to be made into instances.
package final class ComponentTemplate: @unchecked Sendable {
    package let component: WasmComponent
    let linker: OpaquePointer
    /// Frees memory of the machine: kept for as long as instances may be made.
    private var resourceTypes: [OpaquePointer] = []

    /// Defines what `component` imports, and nothing else.
    ///
    /// - Parameter interfaces: those of the host by their names without the version.
    /// - Throws: ``WasmError/Code/missingImport`` with the import's name.
    package init(_ component: WasmComponent, interfaces: [String: ComponentInterface]) throws(WasmError) {
        guard let linker = wasmtime_component_linker_new(component.engine.pointer) else {
            throw WasmError(.unavailable, "wasmtime makes no linker")
        }
        self.component = component
        self.linker = linker
        guard let root = wasmtime_component_linker_root(linker) else { throw WasmError(.unavailable, "wasmtime makes no linker") }
        defer { wasmtime_component_linker_instance_delete(root) }
        for wanted in component.imports {
            guard wanted.isInterface, let interface = interfaces[String(wanted.plainName)] else {
                throw WasmError(.missingImport, "the component imports \(wanted.name), which does not exist here")
            }
            let name = Array(wanted.name.utf8CString)
            var instance: OpaquePointer?
            if let error = wasmtime_component_linker_instance_add_instance(root, name, name.count - 1, &instance) {
                throw WasmError(.missingImport, taking: error)
            }
            guard let instance else { throw WasmError(.unavailable, "wasmtime makes no interface") }
            defer { wasmtime_component_linker_instance_delete(instance) }
            try define(wanted, interface, in: instance)
        }
    }

    deinit {
        wasmtime_component_linker_delete(linker)
        for type in resourceTypes { wasmtime_component_resource_type_delete(type) }
    }

    private func define(
        _ wanted: WasmComponent.Interface, _ interface: ComponentInterface, in instance: OpaquePointer
    ) throws(WasmError) {
        for resource in wanted.resources {
            guard let kind = interface.resources[resource], let type = wasmtime_component_resource_type_new_host(kind.rawValue) else {
                throw WasmError(
                    .missingImport, "the component imports the resource \(resource) of \(wanted.name), which does not exist here")
            }
            resourceTypes.append(type)
            let name = Array(resource.utf8CString)
            let error = wasmtime_component_linker_instance_add_resource(
                instance, name, name.count - 1, type, ComponentFunctionBox.destroy, nil, nil)
            if let error { throw WasmError(.missingImport, taking: error) }
        }
        for function in wanted.functions {
            guard let body = interface.functions[function] else {
                throw WasmError(.missingImport, "the component imports \(wanted.name).\(function), which does not exist here")
            }
            let box = ComponentFunctionBox(body, name: "\(wanted.name).\(function)")
            let (name, own) = (Array(function.utf8CString), Unmanaged.passRetained(box).toOpaque())
            let error =
                box.maySuspend
                ? wasmtime_component_linker_instance_add_func_async(
                    instance, name, name.count - 1, ComponentFunctionBox.callSuspending, own, ComponentFunctionBox.free)
                : wasmtime_component_linker_instance_add_func(
                    instance, name, name.count - 1, ComponentFunctionBox.callImmediate, own, ComponentFunctionBox.free)
            if let error { throw WasmError(.missingImport, taking: error) }
        }
    }
}
