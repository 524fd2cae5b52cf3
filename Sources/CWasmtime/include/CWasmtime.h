// What Mecha uses of wasmtime's C API (version 50), in declarations of our own.
//
// The library is no part of the build: mecha_wasmtime_load opens it at run time and fills the jump slots that the
// functions below go through. A function that is called before aborts with a message.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Opens the library at `path` and looks up every function. Null when all is there, else why not (a static or
// thread-local text). Not to be called from two threads at once.
const char *mecha_wasmtime_load(const char *path);

// Gives memory back that was freed: a compiler leaves much of it.
void mecha_release_free_memory(void);

typedef struct wasm_config_t wasm_config_t;
typedef struct wasm_engine_t wasm_engine_t;
typedef struct wasm_functype_t wasm_functype_t;
typedef struct wasm_valtype_t wasm_valtype_t;
typedef struct wasm_externtype_t wasm_externtype_t;
typedef struct wasm_importtype_t wasm_importtype_t;
typedef struct wasm_exporttype_t wasm_exporttype_t;
typedef struct wasm_memorytype_t wasm_memorytype_t;
typedef struct wasm_trap_t wasm_trap_t;
typedef struct wasm_frame_t wasm_frame_t;
typedef struct wasmtime_error wasmtime_error_t;
typedef struct wasmtime_module wasmtime_module_t;
typedef struct wasmtime_store wasmtime_store_t;
typedef struct wasmtime_context wasmtime_context_t;
typedef struct wasmtime_linker wasmtime_linker_t;
typedef struct wasmtime_instance_pre wasmtime_instance_pre_t;
typedef struct wasmtime_caller wasmtime_caller_t;
typedef struct wasmtime_call_future wasmtime_call_future_t;
typedef struct wasmtime_pooling_allocation_config wasmtime_pooling_allocation_config_t;
typedef struct wasmtime_component_t wasmtime_component_t;
typedef struct wasmtime_component_type_t wasmtime_component_type_t;
typedef struct wasmtime_component_instance_type wasmtime_component_instance_type_t;
typedef struct wasmtime_component_extern_t wasmtime_component_extern_t;
typedef struct wasmtime_component_func_type_t wasmtime_component_func_type_t;
typedef struct wasmtime_component_export_index_t wasmtime_component_export_index_t;
typedef struct wasmtime_component_linker_t wasmtime_component_linker_t;
typedef struct wasmtime_component_linker_instance_t wasmtime_component_linker_instance_t;
typedef struct wasmtime_component_resource_type wasmtime_component_resource_type_t;
typedef struct wasmtime_component_resource_any wasmtime_component_resource_any_t;
typedef struct wasmtime_component_resource_host wasmtime_component_resource_host_t;

typedef struct wasm_byte_vec_t {
    size_t size;
    char *data;
} wasm_byte_vec_t;
typedef wasm_byte_vec_t wasm_name_t;

typedef struct wasm_valtype_vec_t {
    size_t size;
    wasm_valtype_t **data;
} wasm_valtype_vec_t;

typedef struct wasm_importtype_vec_t {
    size_t size;
    wasm_importtype_t **data;
} wasm_importtype_vec_t;

typedef struct wasm_exporttype_vec_t {
    size_t size;
    wasm_exporttype_t **data;
} wasm_exporttype_vec_t;

typedef struct wasm_frame_vec_t {
    size_t size;
    wasm_frame_t **data;
} wasm_frame_vec_t;

typedef struct wasmtime_func {
    uint64_t store_id;
    void *private_;
} wasmtime_func_t;

typedef struct wasmtime_memory {
    struct {
        uint64_t store_id;
        uint32_t private1;
    } inner;
    uint32_t private2;
} wasmtime_memory_t;

typedef struct wasmtime_instance {
    uint64_t store_id;
    size_t private_;
} wasmtime_instance_t;

typedef union wasmtime_extern_union {
    wasmtime_func_t func;
    wasmtime_memory_t memory;
    // Tables, globals and tags are no larger than this.
    uint64_t words[3];
} wasmtime_extern_union_t;

typedef struct wasmtime_extern {
    uint8_t kind;
    wasmtime_extern_union_t of;
} wasmtime_extern_t;

enum { MECHA_WASMTIME_EXTERN_FUNC = 0, MECHA_WASMTIME_EXTERN_MEMORY = 3 };
enum { MECHA_WASMTIME_I32 = 0, MECHA_WASMTIME_I64 = 1, MECHA_WASMTIME_F32 = 2, MECHA_WASMTIME_F64 = 3 };
enum { MECHA_WASMTIME_DEADLINE_CONTINUE = 0, MECHA_WASMTIME_DEADLINE_YIELD = 1 };
enum { MECHA_WASMTIME_STRATEGY_CRANELIFT = 1, MECHA_WASMTIME_STRATEGY_WINCH = 2 };

typedef union wasmtime_valunion {
    int32_t i32;
    int64_t i64;
    float f32;
    double f64;
    // References are the largest member.
    uint64_t words[3];
} wasmtime_valunion_t;

typedef struct wasmtime_val {
    uint8_t kind;
    wasmtime_valunion_t of;
} wasmtime_val_t;

typedef union wasmtime_val_raw {
    int32_t i32;
    int64_t i64;
    float f32;
    double f64;
    // Vectors are 16 bytes long, which makes this the stride of arguments.
    uint8_t v128[16];
} wasmtime_val_raw_t;

typedef wasm_trap_t *(*wasmtime_func_unchecked_callback_t)(
    void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *args_and_results, size_t count);

typedef bool (*wasmtime_func_async_continuation_callback_t)(void *env);

typedef struct wasmtime_async_continuation_t {
    wasmtime_func_async_continuation_callback_t callback;
    void *env;
    void (*finalizer)(void *);
} wasmtime_async_continuation_t;

typedef void (*wasmtime_func_async_callback_t)(
    void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t nargs, wasmtime_val_t *results, size_t nresults,
    wasm_trap_t **trap_ret, wasmtime_async_continuation_t *continuation_ret);

typedef wasmtime_error_t *(*mecha_wasmtime_deadline_callback_t)(
    wasmtime_context_t *context, void *data, uint64_t *epoch_deadline_delta, uint8_t *update_kind);

// Values of the component model. What is in a value belongs to it, and its vectors come from the library.
enum {
    MECHA_COMPONENT_BOOL = 0,
    MECHA_COMPONENT_S8 = 1,
    MECHA_COMPONENT_U8 = 2,
    MECHA_COMPONENT_S16 = 3,
    MECHA_COMPONENT_U16 = 4,
    MECHA_COMPONENT_S32 = 5,
    MECHA_COMPONENT_U32 = 6,
    MECHA_COMPONENT_S64 = 7,
    MECHA_COMPONENT_U64 = 8,
    MECHA_COMPONENT_F32 = 9,
    MECHA_COMPONENT_F64 = 10,
    MECHA_COMPONENT_CHAR = 11,
    MECHA_COMPONENT_STRING = 12,
    MECHA_COMPONENT_LIST = 13,
    MECHA_COMPONENT_RECORD = 14,
    MECHA_COMPONENT_TUPLE = 15,
    MECHA_COMPONENT_VARIANT = 16,
    MECHA_COMPONENT_ENUM = 17,
    MECHA_COMPONENT_OPTION = 18,
    MECHA_COMPONENT_RESULT = 19,
    MECHA_COMPONENT_FLAGS = 20,
    MECHA_COMPONENT_RESOURCE = 21,
};

enum {
    MECHA_COMPONENT_ITEM_INSTANCE = 1,
    MECHA_COMPONENT_ITEM_FUNC = 3,
    MECHA_COMPONENT_ITEM_RESOURCE = 4,
    MECHA_COMPONENT_ITEM_TYPE = 6,
};

typedef struct wasmtime_component_val wasmtime_component_val_t;
typedef struct wasmtime_component_valrecord_entry wasmtime_component_valrecord_entry_t;

typedef struct wasmtime_component_vallist {
    size_t size;
    wasmtime_component_val_t *data;
} wasmtime_component_vallist_t;

typedef struct wasmtime_component_valrecord {
    size_t size;
    wasmtime_component_valrecord_entry_t *data;
} wasmtime_component_valrecord_t;

typedef struct wasmtime_component_valflags {
    size_t size;
    wasm_name_t *data;
} wasmtime_component_valflags_t;

typedef struct wasmtime_component_valvariant {
    wasm_name_t discriminant;
    wasmtime_component_val_t *val;
} wasmtime_component_valvariant_t;

typedef struct wasmtime_component_valresult {
    bool is_ok;
    wasmtime_component_val_t *val;
} wasmtime_component_valresult_t;

typedef union wasmtime_component_valunion {
    bool boolean;
    int8_t s8;
    uint8_t u8;
    int16_t s16;
    uint16_t u16;
    int32_t s32;
    uint32_t u32;
    int64_t s64;
    uint64_t u64;
    float f32;
    double f64;
    uint32_t character;
    wasm_name_t string;
    // Tuples have the same form.
    wasmtime_component_vallist_t list;
    wasmtime_component_valrecord_t record;
    wasmtime_component_valvariant_t variant;
    wasm_name_t enumeration;
    wasmtime_component_val_t *option;
    wasmtime_component_valresult_t result;
    wasmtime_component_valflags_t flags;
    wasmtime_component_resource_any_t *resource;
} wasmtime_component_valunion_t;

struct wasmtime_component_val {
    uint8_t kind;
    wasmtime_component_valunion_t of;
};

struct wasmtime_component_valrecord_entry {
    wasm_name_t name;
    wasmtime_component_val_t val;
};

// A type of a value is no larger than this.
typedef struct wasmtime_component_item {
    uint8_t kind;
    union {
        void *pointer;
        uint64_t words[2];
    } of;
} wasmtime_component_item_t;

typedef struct wasmtime_component_func {
    struct {
        uint64_t store_id;
        uint32_t private1;
    } inner;
    uint32_t private2;
    void *private3;
} wasmtime_component_func_t;

typedef struct wasmtime_component_instance {
    uint64_t store_id;
    uint32_t private_;
} wasmtime_component_instance_t;

typedef wasmtime_error_t *(*wasmtime_component_func_callback_t)(
    void *env, wasmtime_context_t *context, const wasmtime_component_func_type_t *type, wasmtime_component_val_t *args, size_t nargs,
    wasmtime_component_val_t *results, size_t nresults);

typedef void (*wasmtime_component_func_async_callback_t)(
    void *env, wasmtime_context_t *context, const wasmtime_component_func_type_t *type, wasmtime_component_val_t *args, size_t nargs,
    wasmtime_component_val_t *results, size_t nresults, wasmtime_error_t **error_ret,
    wasmtime_async_continuation_t *continuation_ret);

typedef wasmtime_error_t *(*wasmtime_component_resource_destructor_t)(void *env, wasmtime_context_t *context, uint32_t rep);

// Configuration and engine.
wasm_config_t *wasm_config_new(void);
void wasmtime_config_async_stack_size_set(wasm_config_t *, size_t);
void wasmtime_config_cranelift_opt_level_set(wasm_config_t *, uint8_t);
void wasmtime_config_epoch_interruption_set(wasm_config_t *, bool);
void wasmtime_config_max_wasm_stack_set(wasm_config_t *, size_t);
void wasmtime_config_memory_guard_size_set(wasm_config_t *, uint64_t);
void wasmtime_config_memory_reservation_set(wasm_config_t *, uint64_t);
void wasmtime_config_memory_init_cow_set(wasm_config_t *, bool);
void wasmtime_config_native_unwind_info_set(wasm_config_t *, bool);
void wasmtime_config_parallel_compilation_set(wasm_config_t *, bool);
void wasmtime_config_strategy_set(wasm_config_t *, uint8_t);
wasmtime_error_t *wasmtime_config_target_set(wasm_config_t *, const char *);
void wasmtime_config_wasm_gc_set(wasm_config_t *, bool);
void wasmtime_config_wasm_function_references_set(wasm_config_t *, bool);
void wasmtime_config_wasm_memory64_set(wasm_config_t *, bool);
void wasmtime_config_wasm_multi_memory_set(wasm_config_t *, bool);
void wasmtime_config_wasm_threads_set(wasm_config_t *, bool);
void wasmtime_config_shared_memory_set(wasm_config_t *, bool);
void wasmtime_config_concurrency_support_set(wasm_config_t *, bool);
void wasmtime_config_consume_fuel_set(wasm_config_t *, bool);
void wasmtime_pooling_allocation_strategy_set(wasm_config_t *, const wasmtime_pooling_allocation_config_t *);
wasmtime_pooling_allocation_config_t *wasmtime_pooling_allocation_config_new(void);
void wasmtime_pooling_allocation_config_delete(wasmtime_pooling_allocation_config_t *);
void wasmtime_pooling_allocation_config_async_stack_keep_resident_set(wasmtime_pooling_allocation_config_t *, size_t);
void wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(wasmtime_pooling_allocation_config_t *, size_t);
void wasmtime_pooling_allocation_config_table_keep_resident_set(wasmtime_pooling_allocation_config_t *, size_t);
void wasmtime_pooling_allocation_config_max_core_instance_size_set(wasmtime_pooling_allocation_config_t *, size_t);
void wasmtime_pooling_allocation_config_max_memory_size_set(wasmtime_pooling_allocation_config_t *, size_t);
void wasmtime_pooling_allocation_config_max_tables_per_module_set(wasmtime_pooling_allocation_config_t *, uint32_t);
void wasmtime_pooling_allocation_config_max_unused_warm_slots_set(wasmtime_pooling_allocation_config_t *, uint32_t);
void wasmtime_pooling_allocation_config_table_elements_set(wasmtime_pooling_allocation_config_t *, size_t);
void wasmtime_pooling_allocation_config_total_core_instances_set(wasmtime_pooling_allocation_config_t *, uint32_t);
void wasmtime_pooling_allocation_config_total_memories_set(wasmtime_pooling_allocation_config_t *, uint32_t);
void wasmtime_pooling_allocation_config_total_stacks_set(wasmtime_pooling_allocation_config_t *, uint32_t);
void wasmtime_pooling_allocation_config_total_tables_set(wasmtime_pooling_allocation_config_t *, uint32_t);
void wasmtime_pooling_allocation_config_max_component_instance_size_set(wasmtime_pooling_allocation_config_t *, size_t);
void wasmtime_pooling_allocation_config_max_core_instances_per_component_set(wasmtime_pooling_allocation_config_t *, uint32_t);
void wasmtime_pooling_allocation_config_max_memories_per_component_set(wasmtime_pooling_allocation_config_t *, uint32_t);
void wasmtime_pooling_allocation_config_max_tables_per_component_set(wasmtime_pooling_allocation_config_t *, uint32_t);
void wasmtime_pooling_allocation_config_total_component_instances_set(wasmtime_pooling_allocation_config_t *, uint32_t);
wasm_engine_t *wasm_engine_new_with_config(wasm_config_t *);
void wasm_engine_delete(wasm_engine_t *);
void wasmtime_engine_increment_epoch(wasm_engine_t *);

// Modules.
wasmtime_error_t *wasmtime_module_new(wasm_engine_t *, const uint8_t *, size_t, wasmtime_module_t **);
void wasmtime_module_delete(wasmtime_module_t *);
void wasmtime_module_imports(const wasmtime_module_t *, wasm_importtype_vec_t *);
void wasmtime_module_exports(const wasmtime_module_t *, wasm_exporttype_vec_t *);
wasmtime_error_t *wasmtime_module_serialize(wasmtime_module_t *, wasm_byte_vec_t *);
wasmtime_error_t *wasmtime_module_deserialize_file(wasm_engine_t *, const char *, wasmtime_module_t **);
void wasmtime_module_image_range(const wasmtime_module_t *, void **start, void **end);
wasmtime_error_t *wasmtime_wat2wasm(const char *, size_t, wasm_byte_vec_t *);
void wasm_importtype_vec_delete(wasm_importtype_vec_t *);
void wasm_exporttype_vec_delete(wasm_exporttype_vec_t *);
const wasm_name_t *wasm_importtype_module(const wasm_importtype_t *);
const wasm_name_t *wasm_importtype_name(const wasm_importtype_t *);
const wasm_externtype_t *wasm_importtype_type(const wasm_importtype_t *);
const wasm_name_t *wasm_exporttype_name(const wasm_exporttype_t *);
const wasm_externtype_t *wasm_exporttype_type(const wasm_exporttype_t *);
uint8_t wasm_externtype_kind(const wasm_externtype_t *);
const wasm_functype_t *wasm_externtype_as_functype_const(const wasm_externtype_t *);
const wasm_memorytype_t *wasm_externtype_as_memorytype_const(const wasm_externtype_t *);
uint64_t wasmtime_memorytype_minimum(const wasm_memorytype_t *);
const wasm_valtype_vec_t *wasm_functype_params(const wasm_functype_t *);
const wasm_valtype_vec_t *wasm_functype_results(const wasm_functype_t *);
wasm_functype_t *wasm_functype_new(wasm_valtype_vec_t *, wasm_valtype_vec_t *);
void wasm_functype_delete(wasm_functype_t *);
wasm_valtype_t *wasm_valtype_new(uint8_t);
uint8_t wasm_valtype_kind(const wasm_valtype_t *);
void wasm_valtype_vec_new(wasm_valtype_vec_t *, size_t, wasm_valtype_t *const[]);
void wasm_byte_vec_delete(wasm_byte_vec_t *);
void wasm_byte_vec_new(wasm_byte_vec_t *, size_t, const char *);

// Stores, linkers, instances.
wasmtime_store_t *wasmtime_store_new(wasm_engine_t *, void *, void (*)(void *));
void wasmtime_store_delete(wasmtime_store_t *);
wasmtime_context_t *wasmtime_store_context(wasmtime_store_t *);
void wasmtime_store_limiter(wasmtime_store_t *, int64_t, int64_t, int64_t, int64_t, int64_t);
void wasmtime_store_epoch_deadline_callback(wasmtime_store_t *, mecha_wasmtime_deadline_callback_t, void *, void (*)(void *));
void *wasmtime_context_get_data(const wasmtime_context_t *);
void wasmtime_context_set_data(wasmtime_context_t *, void *);
void wasmtime_context_set_epoch_deadline(wasmtime_context_t *, uint64_t);
wasmtime_error_t *wasmtime_context_get_fuel(const wasmtime_context_t *, uint64_t *);
wasmtime_error_t *wasmtime_context_set_fuel(wasmtime_context_t *, uint64_t);
wasmtime_context_t *wasmtime_caller_context(wasmtime_caller_t *);
bool wasmtime_caller_export_get(wasmtime_caller_t *, const char *, size_t, wasmtime_extern_t *);
wasmtime_linker_t *wasmtime_linker_new(wasm_engine_t *);
void wasmtime_linker_delete(wasmtime_linker_t *);
wasmtime_error_t *wasmtime_linker_define_func_unchecked(
    wasmtime_linker_t *, const char *, size_t, const char *, size_t, const wasm_functype_t *, wasmtime_func_unchecked_callback_t,
    void *, void (*)(void *));
wasmtime_error_t *wasmtime_linker_define_async_func(
    wasmtime_linker_t *, const char *, size_t, const char *, size_t, const wasm_functype_t *, wasmtime_func_async_callback_t,
    void *, void (*)(void *));
wasmtime_error_t *wasmtime_linker_instantiate_pre(const wasmtime_linker_t *, const wasmtime_module_t *, wasmtime_instance_pre_t **);
void wasmtime_instance_pre_delete(wasmtime_instance_pre_t *);
wasmtime_call_future_t *wasmtime_instance_pre_instantiate_async(
    const wasmtime_instance_pre_t *, wasmtime_context_t *, wasmtime_instance_t *, wasm_trap_t **, wasmtime_error_t **);
bool wasmtime_instance_export_get(wasmtime_context_t *, const wasmtime_instance_t *, const char *, size_t, wasmtime_extern_t *);
uint8_t *wasmtime_memory_data(const wasmtime_context_t *, const wasmtime_memory_t *);
size_t wasmtime_memory_data_size(const wasmtime_context_t *, const wasmtime_memory_t *);
wasmtime_error_t *wasmtime_func_call_unchecked(
    wasmtime_context_t *, const wasmtime_func_t *, wasmtime_val_raw_t *, size_t, wasm_trap_t **);
wasmtime_call_future_t *wasmtime_func_call_async(
    wasmtime_context_t *, const wasmtime_func_t *, const wasmtime_val_t *, size_t, wasmtime_val_t *, size_t, wasm_trap_t **,
    wasmtime_error_t **);
bool wasmtime_call_future_poll(wasmtime_call_future_t *);
void wasmtime_call_future_delete(wasmtime_call_future_t *);

// Errors and traps.
wasmtime_error_t *wasmtime_error_new(const char *);
void wasmtime_error_delete(wasmtime_error_t *);
void wasmtime_error_message(const wasmtime_error_t *, wasm_name_t *);
void wasmtime_error_wasm_trace(const wasmtime_error_t *, wasm_frame_vec_t *);
wasm_trap_t *wasmtime_trap_new(const char *, size_t);
bool wasmtime_trap_code(const wasm_trap_t *, uint8_t *);
void wasm_trap_delete(wasm_trap_t *);
void wasm_trap_message(const wasm_trap_t *, wasm_byte_vec_t *);
void wasm_trap_trace(const wasm_trap_t *, wasm_frame_vec_t *);
void wasm_frame_vec_delete(wasm_frame_vec_t *);
const wasm_name_t *wasmtime_frame_func_name(const wasm_frame_t *);
uint32_t wasm_frame_func_index(const wasm_frame_t *);
size_t wasm_frame_func_offset(const wasm_frame_t *);
const wasm_name_t *wasmtime_frame_module_name(const wasm_frame_t *);

// Components.
wasmtime_error_t *wasmtime_component_new(const wasm_engine_t *, const uint8_t *, size_t, wasmtime_component_t **);
void wasmtime_component_delete(wasmtime_component_t *);
wasmtime_error_t *wasmtime_component_serialize(const wasmtime_component_t *, wasm_byte_vec_t *);
wasmtime_error_t *wasmtime_component_deserialize_file(const wasm_engine_t *, const char *, wasmtime_component_t **);
wasmtime_component_type_t *wasmtime_component_type(const wasmtime_component_t *);
void wasmtime_component_type_delete(wasmtime_component_type_t *);
size_t wasmtime_component_type_import_count(const wasmtime_component_type_t *, const wasm_engine_t *);
bool wasmtime_component_type_import_nth(
    const wasmtime_component_type_t *, const wasm_engine_t *, size_t, const char **, size_t *, wasmtime_component_extern_t **);
size_t wasmtime_component_type_export_count(const wasmtime_component_type_t *, const wasm_engine_t *);
bool wasmtime_component_type_export_nth(
    const wasmtime_component_type_t *, const wasm_engine_t *, size_t, const char **, size_t *, wasmtime_component_extern_t **);
size_t wasmtime_component_instance_type_export_count(const wasmtime_component_instance_type_t *, const wasm_engine_t *);
bool wasmtime_component_instance_type_export_nth(
    const wasmtime_component_instance_type_t *, const wasm_engine_t *, size_t, const char **, size_t *, wasmtime_component_extern_t **);
void wasmtime_component_extern_type(const wasmtime_component_extern_t *, wasmtime_component_item_t *);
void wasmtime_component_extern_delete(wasmtime_component_extern_t *);
void wasmtime_component_item_delete(wasmtime_component_item_t *);
wasmtime_component_export_index_t *wasmtime_component_get_export_index(
    const wasmtime_component_t *, const wasmtime_component_export_index_t *, const char *, size_t);
void wasmtime_component_export_index_delete(wasmtime_component_export_index_t *);
bool wasmtime_component_instance_get_func(
    const wasmtime_component_instance_t *, wasmtime_context_t *, const wasmtime_component_export_index_t *, wasmtime_component_func_t *);
wasmtime_call_future_t *wasmtime_component_func_call_async(
    const wasmtime_component_func_t *, wasmtime_context_t *, const wasmtime_component_val_t *, size_t, wasmtime_component_val_t *, size_t,
    wasmtime_error_t **);
wasmtime_component_linker_t *wasmtime_component_linker_new(const wasm_engine_t *);
void wasmtime_component_linker_delete(wasmtime_component_linker_t *);
wasmtime_component_linker_instance_t *wasmtime_component_linker_root(wasmtime_component_linker_t *);
wasmtime_call_future_t *wasmtime_component_linker_instantiate_async(
    const wasmtime_component_linker_t *, wasmtime_context_t *, const wasmtime_component_t *, wasmtime_component_instance_t *,
    wasmtime_error_t **);
wasmtime_error_t *wasmtime_component_linker_instance_add_instance(
    wasmtime_component_linker_instance_t *, const char *, size_t, wasmtime_component_linker_instance_t **);
wasmtime_error_t *wasmtime_component_linker_instance_add_func(
    wasmtime_component_linker_instance_t *, const char *, size_t, wasmtime_component_func_callback_t, void *, void (*)(void *));
wasmtime_error_t *wasmtime_component_linker_instance_add_func_async(
    wasmtime_component_linker_instance_t *, const char *, size_t, wasmtime_component_func_async_callback_t, void *, void (*)(void *));
wasmtime_error_t *wasmtime_component_linker_instance_add_resource(
    wasmtime_component_linker_instance_t *, const char *, size_t, const wasmtime_component_resource_type_t *,
    wasmtime_component_resource_destructor_t, void *, void (*)(void *));
void wasmtime_component_linker_instance_delete(wasmtime_component_linker_instance_t *);
wasmtime_component_resource_type_t *wasmtime_component_resource_type_new_host(uint32_t);
void wasmtime_component_resource_type_delete(wasmtime_component_resource_type_t *);
wasmtime_component_resource_host_t *wasmtime_component_resource_host_new(bool, uint32_t, uint32_t);
void wasmtime_component_resource_host_delete(wasmtime_component_resource_host_t *);
uint32_t wasmtime_component_resource_host_rep(const wasmtime_component_resource_host_t *);
uint32_t wasmtime_component_resource_host_type(const wasmtime_component_resource_host_t *);
bool wasmtime_component_resource_host_owned(const wasmtime_component_resource_host_t *);
wasmtime_error_t *wasmtime_component_resource_any_to_host(
    wasmtime_context_t *, const wasmtime_component_resource_any_t *, wasmtime_component_resource_host_t **);
wasmtime_error_t *wasmtime_component_resource_host_to_any(
    wasmtime_context_t *, const wasmtime_component_resource_host_t *, wasmtime_component_resource_any_t **);
void wasmtime_component_resource_any_delete(wasmtime_component_resource_any_t *);
wasmtime_component_val_t *wasmtime_component_val_new(wasmtime_component_val_t *);
void wasmtime_component_val_delete(wasmtime_component_val_t *);
void wasmtime_component_vallist_new_uninit(wasmtime_component_vallist_t *, size_t);
void wasmtime_component_valtuple_new_uninit(wasmtime_component_vallist_t *, size_t);
void wasmtime_component_valrecord_new_uninit(wasmtime_component_valrecord_t *, size_t);
void wasmtime_component_valflags_new_uninit(wasmtime_component_valflags_t *, size_t);
