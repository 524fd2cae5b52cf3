import CWasmtime

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A guest that is a component.
package final class ComponentInstance: WasmStore, @unchecked Sendable {
    package let template: ComponentTemplate

    /// What the library writes to while a call is under way; it must not move.
    private struct Outcome {
        var handle = wasmtime_component_instance_t()
        var error: OpaquePointer?
        var result = wasmtime_component_val_t()
    }

    private let outcome: UnsafeMutablePointer<Outcome>
    /// What the host's resources stand for.
    private var objects: [UInt32: AnyObject] = [:]
    private var lastNumber: UInt32 = 0

    /// Resources of the host that a guest may have at the same time.
    package static let resourcesAtMost = 10_000

    /// An instance without anything in it; ``instantiate()`` must follow before it is used.
    package init(_ template: ComponentTemplate, limits: WasmInstanceLimits) throws(WasmError) {
        self.template = template
        let outcome = UnsafeMutablePointer<Outcome>.allocate(capacity: 1)
        outcome.initialize(to: Outcome())
        self.outcome = outcome
        do throws(WasmError) {
            try super.init(template.component.engine, limits: limits, parts: Int64(WasmEngine.partsPerComponent))
        } catch {
            // No deinit runs of an object that never came to be.
            outcome.deallocate()
            throw error
        }
    }

    deinit {
        wasmtime_component_val_delete(&outcome.pointee.result)
        outcome.deinitialize(count: 1)
        outcome.deallocate()
    }

    /// The library does not tell the size of a component's memory. What is new to the guest's thread is mostly what the
    /// guest has touched of it.
    package override var neededBytes: Int { newPages * Self.pageBytes }
    private static let pageBytes = Int(sysconf(Int32(_SC_PAGESIZE)))

    override func takeFailure() -> WasmError? {
        outcome.pointee.error.take().map { WasmError(takingComponentError: $0) }
    }

    /// Makes the memories and everything else of the component under ``budget``, and runs what it does at its start.
    package func instantiate() async throws(WasmError) {
        prepare()
        let future = wasmtime_component_linker_instantiate_async(
            template.linker, context, template.component.pointer, &outcome.pointee.handle, &outcome.pointee.error)
        do throws(WasmError) {
            try await drive(future)
        } catch {
            throw error.code == .trapped && error.stack.isEmpty && error.cause == nil
                ? WasmError(.outOfMemory, "no instance can be made: \(error.message)") : error
        }
    }

    /// A function of an exported interface.
    package struct Export {
        var pointer: wasmtime_component_func_t
    }

    /// - Parameter interface: by its name without the version.
    package func function(_ name: String, of interface: String) -> Export? {
        guard let interface = template.component.export(interface) else { return nil }
        let (outer, inner) = (Array(interface.name.utf8CString), Array(name.utf8CString))
        guard let place = wasmtime_component_get_export_index(template.component.pointer, nil, outer, outer.count - 1) else { return nil }
        defer { wasmtime_component_export_index_delete(place) }
        guard let index = wasmtime_component_get_export_index(template.component.pointer, place, inner, inner.count - 1) else { return nil }
        defer { wasmtime_component_export_index_delete(index) }
        var function = wasmtime_component_func_t()
        guard wasmtime_component_instance_get_func(&outcome.pointee.handle, context, index, &function) else { return nil }
        return Export(pointer: function)
    }

    /// Calls an export under ``budget``. After a throw the instance is of no use.
    package func call(_ function: Export, _ arguments: [ComponentValue], hasResult: Bool) async throws(WasmError) -> ComponentValue? {
        let values = UnsafeMutablePointer<wasmtime_component_val_t>.allocate(capacity: max(1, arguments.count))
        values.initialize(repeating: wasmtime_component_val_t(), count: arguments.count)
        defer {
            for index in arguments.indices { wasmtime_component_val_delete(values + index) }
            values.deallocate()
        }
        var function = function.pointer
        do {
            for (index, argument) in arguments.enumerated() { try argument.write(to: values + index, in: self) }
        } catch {
            isUsable = false
            throw WasmError(.trapped, "the arguments cannot be passed: \(error)", cause: error)
        }
        wasmtime_component_val_delete(&outcome.pointee.result)
        outcome.pointee.result = wasmtime_component_val_t()
        let future = wasmtime_component_func_call_async(
            &function, context, values, arguments.count, &outcome.pointee.result, hasResult ? 1 : 0, &outcome.pointee.error)
        try await drive(future)
        guard hasResult else { return nil }
        do {
            return try ComponentValue(outcome.pointee.result, in: self)
        } catch {
            isUsable = false
            throw WasmError(.trapped, "the result cannot be read: \(error)", cause: error)
        }
    }

    // MARK: - Resources

    /// A handle for `object`, to be given to the guest.
    package func keep(_ object: AnyObject, as kind: ComponentResourceKind) throws(WasmError) -> ComponentHandle {
        guard objects.count < Self.resourcesAtMost else {
            throw WasmError(.trapped, "the function holds \(Self.resourcesAtMost) resources of the host, which is the limit")
        }
        repeat { lastNumber &+= 1 } while objects[lastNumber] != nil
        objects[lastNumber] = object
        return ComponentHandle(kind: kind, number: lastNumber, isOwned: true)
    }

    /// What a handle of the guest stands for. One that the guest gave away is forgotten.
    package func object<Object: AnyObject>(_ handle: ComponentHandle, as type: Object.Type = Object.self) throws -> Object {
        guard let object = objects[handle.number] as? Object else { throw ComponentTypeError("resource of the kind \(Object.self)") }
        if handle.isOwned { objects[handle.number] = nil }
        return object
    }

    func forget(_ number: UInt32) {
        if let object = objects.removeValue(forKey: number) as? any ComponentResource { object.dropped() }
    }

    /// Resources of the host that the guest has now.
    package var resourceCount: Int { objects.count }
}
