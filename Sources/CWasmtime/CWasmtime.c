// The slots that calls into wasmtime jump through, and what fills them.

#include "CWasmtime.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#define MECHA_WASMTIME_FUNCTIONS(X) \
    X(wasm_byte_vec_delete) \
    X(wasm_byte_vec_new) \
    X(wasm_config_new) \
    X(wasm_engine_delete) \
    X(wasm_engine_new_with_config) \
    X(wasm_exporttype_name) \
    X(wasm_exporttype_type) \
    X(wasm_exporttype_vec_delete) \
    X(wasm_externtype_as_functype_const) \
    X(wasm_externtype_as_memorytype_const) \
    X(wasm_externtype_kind) \
    X(wasm_frame_func_index) \
    X(wasm_frame_func_offset) \
    X(wasm_frame_vec_delete) \
    X(wasm_functype_delete) \
    X(wasm_functype_new) \
    X(wasm_functype_params) \
    X(wasm_functype_results) \
    X(wasm_importtype_module) \
    X(wasm_importtype_name) \
    X(wasm_importtype_type) \
    X(wasm_importtype_vec_delete) \
    X(wasm_trap_delete) \
    X(wasm_trap_message) \
    X(wasm_trap_trace) \
    X(wasm_valtype_kind) \
    X(wasm_valtype_new) \
    X(wasm_valtype_vec_new) \
    X(wasmtime_call_future_delete) \
    X(wasmtime_call_future_poll) \
    X(wasmtime_caller_context) \
    X(wasmtime_caller_export_get) \
    X(wasmtime_component_delete) \
    X(wasmtime_component_deserialize_file) \
    X(wasmtime_component_export_index_delete) \
    X(wasmtime_component_extern_delete) \
    X(wasmtime_component_extern_type) \
    X(wasmtime_component_func_call_async) \
    X(wasmtime_component_get_export_index) \
    X(wasmtime_component_instance_get_func) \
    X(wasmtime_component_instance_type_export_count) \
    X(wasmtime_component_instance_type_export_nth) \
    X(wasmtime_component_item_delete) \
    X(wasmtime_component_linker_delete) \
    X(wasmtime_component_linker_instance_add_func) \
    X(wasmtime_component_linker_instance_add_func_async) \
    X(wasmtime_component_linker_instance_add_instance) \
    X(wasmtime_component_linker_instance_add_resource) \
    X(wasmtime_component_linker_instance_delete) \
    X(wasmtime_component_linker_instantiate_async) \
    X(wasmtime_component_linker_new) \
    X(wasmtime_component_linker_root) \
    X(wasmtime_component_new) \
    X(wasmtime_component_resource_any_delete) \
    X(wasmtime_component_resource_any_to_host) \
    X(wasmtime_component_resource_host_delete) \
    X(wasmtime_component_resource_host_new) \
    X(wasmtime_component_resource_host_owned) \
    X(wasmtime_component_resource_host_rep) \
    X(wasmtime_component_resource_host_to_any) \
    X(wasmtime_component_resource_host_type) \
    X(wasmtime_component_resource_type_delete) \
    X(wasmtime_component_resource_type_new_host) \
    X(wasmtime_component_serialize) \
    X(wasmtime_component_type) \
    X(wasmtime_component_type_delete) \
    X(wasmtime_component_type_export_count) \
    X(wasmtime_component_type_export_nth) \
    X(wasmtime_component_type_import_count) \
    X(wasmtime_component_type_import_nth) \
    X(wasmtime_component_val_delete) \
    X(wasmtime_component_val_new) \
    X(wasmtime_component_valflags_new_uninit) \
    X(wasmtime_component_vallist_new_uninit) \
    X(wasmtime_component_valrecord_new_uninit) \
    X(wasmtime_component_valtuple_new_uninit) \
    X(wasmtime_config_async_stack_size_set) \
    X(wasmtime_config_concurrency_support_set) \
    X(wasmtime_config_consume_fuel_set) \
    X(wasmtime_config_cranelift_opt_level_set) \
    X(wasmtime_config_epoch_interruption_set) \
    X(wasmtime_config_max_wasm_stack_set) \
    X(wasmtime_config_memory_guard_size_set) \
    X(wasmtime_config_memory_init_cow_set) \
    X(wasmtime_config_memory_reservation_set) \
    X(wasmtime_config_native_unwind_info_set) \
    X(wasmtime_config_parallel_compilation_set) \
    X(wasmtime_config_shared_memory_set) \
    X(wasmtime_config_strategy_set) \
    X(wasmtime_config_target_set) \
    X(wasmtime_config_wasm_function_references_set) \
    X(wasmtime_config_wasm_gc_set) \
    X(wasmtime_config_wasm_memory64_set) \
    X(wasmtime_config_wasm_multi_memory_set) \
    X(wasmtime_config_wasm_threads_set) \
    X(wasmtime_context_get_data) \
    X(wasmtime_context_get_fuel) \
    X(wasmtime_context_set_data) \
    X(wasmtime_context_set_epoch_deadline) \
    X(wasmtime_context_set_fuel) \
    X(wasmtime_engine_increment_epoch) \
    X(wasmtime_error_delete) \
    X(wasmtime_error_message) \
    X(wasmtime_error_new) \
    X(wasmtime_error_wasm_trace) \
    X(wasmtime_frame_func_name) \
    X(wasmtime_frame_module_name) \
    X(wasmtime_func_call_async) \
    X(wasmtime_func_call_unchecked) \
    X(wasmtime_instance_export_get) \
    X(wasmtime_instance_pre_delete) \
    X(wasmtime_instance_pre_instantiate_async) \
    X(wasmtime_linker_define_async_func) \
    X(wasmtime_linker_define_func_unchecked) \
    X(wasmtime_linker_delete) \
    X(wasmtime_linker_instantiate_pre) \
    X(wasmtime_linker_new) \
    X(wasmtime_memory_data) \
    X(wasmtime_memory_data_size) \
    X(wasmtime_memorytype_minimum) \
    X(wasmtime_module_delete) \
    X(wasmtime_module_deserialize_file) \
    X(wasmtime_module_image_range) \
    X(wasmtime_module_exports) \
    X(wasmtime_module_imports) \
    X(wasmtime_module_new) \
    X(wasmtime_module_serialize) \
    X(wasmtime_pooling_allocation_config_async_stack_keep_resident_set) \
    X(wasmtime_pooling_allocation_config_delete) \
    X(wasmtime_pooling_allocation_config_linear_memory_keep_resident_set) \
    X(wasmtime_pooling_allocation_config_max_component_instance_size_set) \
    X(wasmtime_pooling_allocation_config_max_core_instance_size_set) \
    X(wasmtime_pooling_allocation_config_max_core_instances_per_component_set) \
    X(wasmtime_pooling_allocation_config_max_memories_per_component_set) \
    X(wasmtime_pooling_allocation_config_max_memory_size_set) \
    X(wasmtime_pooling_allocation_config_max_tables_per_component_set) \
    X(wasmtime_pooling_allocation_config_max_tables_per_module_set) \
    X(wasmtime_pooling_allocation_config_max_unused_warm_slots_set) \
    X(wasmtime_pooling_allocation_config_new) \
    X(wasmtime_pooling_allocation_config_table_elements_set) \
    X(wasmtime_pooling_allocation_config_table_keep_resident_set) \
    X(wasmtime_pooling_allocation_config_total_component_instances_set) \
    X(wasmtime_pooling_allocation_config_total_core_instances_set) \
    X(wasmtime_pooling_allocation_config_total_memories_set) \
    X(wasmtime_pooling_allocation_config_total_stacks_set) \
    X(wasmtime_pooling_allocation_config_total_tables_set) \
    X(wasmtime_pooling_allocation_strategy_set) \
    X(wasmtime_store_context) \
    X(wasmtime_store_delete) \
    X(wasmtime_store_epoch_deadline_callback) \
    X(wasmtime_store_limiter) \
    X(wasmtime_store_new) \
    X(wasmtime_trap_code) \
    X(wasmtime_trap_new) \
    X(wasmtime_wat2wasm)

static void library_is_missing(void) {
    fputs("mecha: libwasmtime is called before it was loaded\n", stderr);
    abort();
}

// Each function of the header is a jump through its slot: one instruction more than a call into a linked library.
// Slots and functions are hidden, so that the library's own calls among its functions are never bound to these.
#define DEFINE_SLOT(name) __attribute__((visibility("hidden"))) void *mecha_slot_##name = (void *)&library_is_missing;
MECHA_WASMTIME_FUNCTIONS(DEFINE_SLOT)

#if defined(__APPLE__)
#define BEGIN(name) ".globl _" #name "\n.private_extern _" #name "\n.p2align 2\n_" #name ":\n"
#else
#define BEGIN(name) ".globl " #name "\n.hidden " #name "\n.type " #name ", %function\n.p2align 2\n" #name ":\n"
#endif

#if defined(__x86_64__) && defined(__APPLE__)
#define JUMP(name) "jmp *_mecha_slot_" #name "(%rip)\n"
#elif defined(__x86_64__)
#define JUMP(name) "jmp *mecha_slot_" #name "(%rip)\n"
#elif defined(__aarch64__) && defined(__APPLE__)
#define JUMP(name) "adrp x16, _mecha_slot_" #name "@PAGE\nldr x16, [x16, _mecha_slot_" #name "@PAGEOFF]\nbr x16\n"
#elif defined(__aarch64__)
#define JUMP(name) "adrp x16, mecha_slot_" #name "\nldr x16, [x16, :lo12:mecha_slot_" #name "]\nbr x16\n"
#else
#error "no jump is written for this processor"
#endif

#define DEFINE_JUMP(name) __asm__(".text\n" BEGIN(name) JUMP(name));
MECHA_WASMTIME_FUNCTIONS(DEFINE_JUMP)

const char *mecha_wasmtime_load(const char *path) {
    static const struct {
        const char *name;
        void **slot;
    } slots[] = {
#define SLOT(name) {#name, &mecha_slot_##name},
        MECHA_WASMTIME_FUNCTIONS(SLOT)
    };
    static __thread char message[256];
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) { return dlerror(); }
    // All are looked up before the first is put in, so that a library of another version changes nothing.
    for (size_t index = 0; index < sizeof slots / sizeof slots[0]; index++) {
        if (dlsym(library, slots[index].name) == NULL) {
            snprintf(message, sizeof message, "it has no function %s; version 50 of wasmtime is expected", slots[index].name);
            dlclose(library);
            return message;
        }
    }
    for (size_t index = 0; index < sizeof slots / sizeof slots[0]; index++) { *slots[index].slot = dlsym(library, slots[index].name); }
    return NULL;
}

void mecha_release_free_memory(void) {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}
