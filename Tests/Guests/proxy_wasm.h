// What proxy-wasm guests of the tests import, in one place.
#ifndef PROXY_WASM_H
#define PROXY_WASM_H

#include <stddef.h>
#include <stdint.h>

#define HOST(name) __attribute__((import_module("env"), import_name(#name))) int32_t name
#define EXPORT(name) __attribute__((export_name(#name), used))
#define TEXT(literal) literal, sizeof(literal) - 1

// Numbers of maps and buffers.
enum { REQUEST_HEADERS, REQUEST_TRAILERS, RESPONSE_HEADERS, RESPONSE_TRAILERS, CALL_HEADERS = 6, CALL_TRAILERS };
enum { REQUEST_BODY, RESPONSE_BODY, CALL_BODY = 4, MACHINE_CONFIGURATION = 6, CONFIGURATION, CALL_DATA };
// Behind the end of whatever a buffer has.
#define END 0x7fffffff

HOST(proxy_log)(int32_t, const char *, size_t);
HOST(proxy_get_log_level)(uint32_t *);
HOST(proxy_get_current_time_nanoseconds)(uint64_t *);
HOST(proxy_set_tick_period_milliseconds)(int32_t);
HOST(proxy_set_effective_context)(int32_t);
HOST(proxy_done)(void);
HOST(proxy_get_configuration)(char **, size_t *);
HOST(proxy_get_buffer_bytes)(int32_t, size_t, size_t, char **, size_t *);
HOST(proxy_get_buffer_status)(int32_t, size_t *, uint32_t *);
HOST(proxy_set_buffer_bytes)(int32_t, size_t, size_t, const char *, size_t);
HOST(proxy_get_header_map_size)(int32_t, size_t *);
HOST(proxy_get_header_map_pairs)(int32_t, char **, size_t *);
HOST(proxy_set_header_map_pairs)(int32_t, const char *, size_t);
HOST(proxy_get_header_map_value)(int32_t, const char *, size_t, char **, size_t *);
HOST(proxy_add_header_map_value)(int32_t, const char *, size_t, const char *, size_t);
HOST(proxy_replace_header_map_value)(int32_t, const char *, size_t, const char *, size_t);
HOST(proxy_remove_header_map_value)(int32_t, const char *, size_t);
HOST(proxy_get_property)(const char *, size_t, char **, size_t *);
HOST(proxy_set_property)(const char *, size_t, const char *, size_t);
HOST(proxy_send_local_response)(int32_t, const char *, size_t, const char *, size_t, const char *, size_t, int32_t);
HOST(proxy_continue_stream)(int32_t);
HOST(proxy_close_stream)(int32_t);
HOST(proxy_continue_request)(void);
HOST(proxy_continue_response)(void);
HOST(proxy_get_status)(uint32_t *, char **, size_t *);
HOST(proxy_http_call)(const char *, size_t, const char *, size_t, const char *, size_t, const char *, size_t, int32_t, uint32_t *);
HOST(proxy_get_shared_data)(const char *, size_t, char **, size_t *, uint32_t *);
HOST(proxy_set_shared_data)(const char *, size_t, const char *, size_t, uint32_t);
HOST(proxy_register_shared_queue)(const char *, size_t, uint32_t *);
HOST(proxy_resolve_shared_queue)(const char *, size_t, const char *, size_t, uint32_t *);
HOST(proxy_enqueue_shared_queue)(uint32_t, const char *, size_t);
HOST(proxy_dequeue_shared_queue)(uint32_t, char **, size_t *);
HOST(proxy_define_metric)(int32_t, const char *, size_t, uint32_t *);
HOST(proxy_increment_metric)(uint32_t, int64_t);
HOST(proxy_record_metric)(uint32_t, int64_t);
HOST(proxy_get_metric)(uint32_t, uint64_t *);
HOST(proxy_grpc_call)(const char *, size_t, const char *, size_t, const char *, size_t, const char *, size_t, const char *, size_t, int32_t, uint32_t *);
HOST(proxy_grpc_stream)(const char *, size_t, const char *, size_t, const char *, size_t, const char *, size_t, uint32_t *);
HOST(proxy_grpc_send)(uint32_t, const char *, size_t, int32_t);
HOST(proxy_grpc_cancel)(uint32_t);
HOST(proxy_grpc_close)(uint32_t);
HOST(proxy_call_foreign_function)(const char *, size_t, const char *, size_t, char **, size_t *);
// Layotto's additions.
HOST(proxy_get_state)(const char *, size_t, const char *, size_t, char **, size_t *);
HOST(proxy_invoke_service)(const char *, size_t, const char *, size_t, const char *, size_t, char **, size_t *);

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    for (size_t index = 0; index < size; index++) { ((char *)to)[index] = ((const char *)from)[index]; }
    return to;
}

static inline int starts(const char *text, size_t size, const char *with) {
    size_t index = 0;
    for (; with[index]; index++) {
        if (index >= size || text[index] != with[index]) { return 0; }
    }
    return 1;
}

// Serialized headers of a call: ":method" GET, ":path" /behind, ":authority" x.
static const char get_behind[] = {3, 0, 0, 0, 7, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 7, 0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0,
    ':', 'm', 'e', 't', 'h', 'o', 'd', 0, 'G', 'E', 'T', 0, ':', 'p', 'a', 't', 'h', 0, '/', 'b', 'e', 'h', 'i', 'n', 'd', 0,
    ':', 'a', 'u', 't', 'h', 'o', 'r', 'i', 't', 'y', 0, 'x', 0};
// One pair: "x-why" and "said".
static const char why_said[] = {1, 0, 0, 0, 5, 0, 0, 0, 4, 0, 0, 0, 'x', '-', 'w', 'h', 'y', 0, 's', 'a', 'i', 'd', 0};

// Answers are appended to the response's body.
static inline void answer(const char *text, size_t size) { proxy_set_buffer_bytes(RESPONSE_BODY, END, 0, text, size); }

#endif
