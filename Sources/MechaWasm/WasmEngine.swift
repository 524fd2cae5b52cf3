import CWasmtime
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Compiles modules and holds the memory that their instances live in.
///
/// Memory of instances is a pool of slots that is reserved once (as addresses, not as memory), so that a new instance
/// costs microseconds. Freed by ARC when the last module and instance are gone.
package final class WasmEngine: @unchecked Sendable {
    package let options: WasmEngineOptions
    let pointer: OpaquePointer
    let ticker: EpochTicker
    /// Set once the process ends and waits for no guest any more.
    private let ending = Atomic(false)
    var isEnding: Bool { ending.load(ordering: .relaxed) }

    /// Stops the guests that run, each within about a millisecond.
    package func stopGuests() { ending.store(true, ordering: .relaxed) }
    private let live = Atomic(0)

    /// Instances that may live at once, which the machine may lower below ``WasmEngineOptions/maximumInstances``.
    package let maximumInstances: Int

    /// Bytes of an instance's slot that are zeroed rather than given back when it is used again.
    private static let keptBytesPerSlot = 64 << 10
    /// Slots that keep them.
    private static let keptSlots: UInt32 = 64
    /// Stack for host functions, beyond the guest's own.
    private static let hostStackBytes = 512 << 10
    /// A mapping per part of an instance: memory, its guard, stack, table.
    private static let mappingsPerInstance = 8
    /// Core instances, memories and tables that one component may be made of.
    static let partsPerComponent: UInt32 = 100
    private static let memoriesPerComponent: UInt32 = 4
    private static let tablesPerComponent: UInt32 = 20
    private static let componentInstanceBytesAtMost = 4 << 20
    private static let componentModuleInstanceBytesAtMost = 4 << 20

    /// Whether the library reads of modules where in their source functions are, which it does with
    /// `WASMTIME_BACKTRACE_DETAILS=1` in the environment; code that was compiled without does not have it.
    static let tellsPlaces: Bool = getenv("WASMTIME_BACKTRACE_DETAILS").map { String(cString: $0) } == "1"

    /// Loads the library if this is the first engine of the process.
    package init(_ options: WasmEngineOptions = .init(), libraryPath: String? = nil) throws(WasmError) {
        try WasmLibrary.load(path: libraryPath)
        guard let config = wasm_config_new() else { throw WasmError(.unavailable, "wasmtime makes no configuration") }
        let mappings = options.runsComponents ? Self.mappingsPerInstance * Int(Self.memoriesPerComponent) : Self.mappingsPerInstance
        maximumInstances = max(1, min(options.maximumInstances, Self.mappingsOfMachine / mappings))
        self.options = options

        switch options.compiler {
        case .optimizing: wasmtime_config_strategy_set(config, UInt8(MECHA_WASMTIME_STRATEGY_CRANELIFT))
        case .baseline: wasmtime_config_strategy_set(config, UInt8(MECHA_WASMTIME_STRATEGY_WINCH))
        case .interpreter:
            if let error = wasmtime_config_target_set(config, "pulley64") { throw WasmError(.unavailable, taking: error) }
        }
        // Modules are compiled on a thread of the caller; more threads made it slower. Components are a hundred times as
        // large.
        wasmtime_config_parallel_compilation_set(config, options.runsComponents)
        // Nobody unwinds through guests with the system's unwinder, and registering costs for each module.
        wasmtime_config_native_unwind_info_set(config, false)
        // One call at a time in each instance. With it, 50.0.1 fails calls of the host that lend it two resources.
        wasmtime_config_concurrency_support_set(config, false)
        wasmtime_config_epoch_interruption_set(config, true)
        wasmtime_config_consume_fuel_set(config, options.metersFuel)
        wasmtime_config_max_wasm_stack_set(config, options.stackBytes)
        wasmtime_config_async_stack_size_set(config, options.stackBytes + Self.hostStackBytes)
        wasmtime_config_memory_init_cow_set(config, true)
        // A guest that can wait on shared memory could stop a thread; pointers are of 32 bits everywhere.
        wasmtime_config_wasm_threads_set(config, false)
        wasmtime_config_shared_memory_set(config, false)
        wasmtime_config_wasm_memory64_set(config, false)
        wasmtime_config_wasm_multi_memory_set(config, false)
        wasmtime_config_wasm_gc_set(config, false)
        wasmtime_config_wasm_function_references_set(config, false)
        if Self.mayReserveAddresses { Self.usePool(config, options, instances: UInt32(maximumInstances)) }

        guard let engine = wasm_engine_new_with_config(config) else {
            throw WasmError(.unavailable, "wasmtime's engine does not start with these options")
        }
        pointer = engine
        ticker = EpochTicker(engine)
    }

    deinit {
        ticker.stop()
        wasm_engine_delete(pointer)
    }

    private static func usePool(_ config: OpaquePointer, _ options: WasmEngineOptions, instances: UInt32) {
        guard let pool = wasmtime_pooling_allocation_config_new() else { return }
        if options.runsComponents {
            wasmtime_pooling_allocation_config_total_component_instances_set(pool, instances)
            wasmtime_pooling_allocation_config_total_core_instances_set(pool, instances * partsPerComponent)
            wasmtime_pooling_allocation_config_total_memories_set(pool, instances * 2)
            wasmtime_pooling_allocation_config_total_tables_set(pool, instances * 8)
            wasmtime_pooling_allocation_config_max_core_instances_per_component_set(pool, partsPerComponent)
            wasmtime_pooling_allocation_config_max_memories_per_component_set(pool, memoriesPerComponent)
            wasmtime_pooling_allocation_config_max_tables_per_component_set(pool, tablesPerComponent)
            wasmtime_pooling_allocation_config_max_component_instance_size_set(pool, componentInstanceBytesAtMost)
            wasmtime_pooling_allocation_config_max_core_instance_size_set(pool, componentModuleInstanceBytesAtMost)
        } else {
            wasmtime_pooling_allocation_config_total_core_instances_set(pool, instances)
            wasmtime_pooling_allocation_config_total_memories_set(pool, instances)
            wasmtime_pooling_allocation_config_total_tables_set(pool, instances)
        }
        wasmtime_pooling_allocation_config_total_stacks_set(pool, instances)
        wasmtime_pooling_allocation_config_max_memory_size_set(pool, options.maximumMemoryBytes)
        wasmtime_pooling_allocation_config_max_tables_per_module_set(pool, 1)
        wasmtime_pooling_allocation_config_table_elements_set(pool, options.maximumTableElements)
        wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, keptBytesPerSlot)
        wasmtime_pooling_allocation_config_table_keep_resident_set(pool, 16 << 10)
        wasmtime_pooling_allocation_config_async_stack_keep_resident_set(pool, 16 << 10)
        wasmtime_pooling_allocation_config_max_unused_warm_slots_set(pool, keptSlots)
        wasmtime_pooling_allocation_strategy_set(config, pool)
        wasmtime_pooling_allocation_config_delete(pool)
    }

    /// A pool reserves terabytes of addresses, and the library aborts the process where that is forbidden.
    private static var mayReserveAddresses: Bool {
        #if os(Linux)
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur == rlim_t.max else { return false }
        return number(in: "/proc/sys/vm/overcommit_memory") != 2
        #else
        return true
        #endif
    }

    /// Mappings that the kernel lets a process have; beyond them even malloc fails.
    private static var mappingsOfMachine: Int {
        #if os(Linux)
        number(in: "/proc/sys/vm/max_map_count") ?? 65_530
        #else
        65_530
        #endif
    }

    private static func number(in path: String) -> Int? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 32)
        guard fgets(&buffer, Int32(buffer.count), file) != nil else { return nil }
        return Int(atoll(buffer))
    }

    // MARK: - Instances

    /// Instances that live now.
    package var liveInstances: Int { live.load(ordering: .relaxed) }

    func takeSlot() throws(WasmError) {
        let before = live.wrappingAdd(1, ordering: .relaxed).oldValue
        guard before < maximumInstances else {
            returnSlot()
            throw WasmError(.outOfInstances, "\(maximumInstances) instances live already, which is the limit of this process")
        }
    }

    func returnSlot() { live.wrappingSubtract(1, ordering: .relaxed) }
}
