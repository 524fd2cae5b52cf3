// A proxy-wasm guest for tests, in two roles by its configuration, as Layotto's two example functions have them:
// `front` takes ?name=..., asks the function behind it and answers; `back` reads the state store. Any other path of
// a request says what to do.
#include "proxy_wasm.h"

static char heap[1 << 20];
static size_t used;
static char role;

EXPORT(proxy_abi_version_0_2_0) void version(void) {}

EXPORT(proxy_on_memory_allocate) void *allocate(size_t size) {
    if (role == 'h') { return (void *)(uintptr_t)0xfffffff0u; }
    if (used + size > sizeof heap) { return NULL; }
    void *start = heap + used;
    used += (size + 7) & ~(size_t)7;
    return start;
}

EXPORT(proxy_on_context_create) void create(int32_t context, int32_t parent) {
    (void)parent;
    if (context > 1) { used = 0; }
}

EXPORT(proxy_on_configure) int32_t configure(int32_t context, int32_t size) {
    (void)context;
    char *text = NULL;
    size_t length = 0;
    if (proxy_get_buffer_bytes(7, 0, (size_t)size, &text, &length) != 0) { return 0; }
    if (length > 0) { role = text[0]; }
    if (role == 'n') { return 0; }
    if (role == 't') { proxy_set_tick_period_milliseconds(10); }
    return 1;
}

EXPORT(proxy_get_id) void get_id(void) { proxy_set_buffer_bytes(8, 0, 0, TEXT("id_1")); }

EXPORT(proxy_on_tick) void tick(int32_t context) {
    (void)context;
    uint32_t version = 0;
    char *text = NULL;
    size_t length = 0;
    char count = 'a';
    if (proxy_get_shared_data(TEXT("ticks"), &text, &length, &version) == 0 && length == 1) { count = (char)(text[0] + 1); }
    if (count <= 'z') { proxy_set_shared_data(TEXT("ticks"), &count, 1, version); }
    used = 0;
}

static void digit(int32_t value) {
    char text[2] = {(char)('0' + value / 10), (char)('0' + value % 10)};
    answer(text, 2);
}

// A context that the guest still uses when the host is done with it.
static int32_t kept;

EXPORT(proxy_on_done) int32_t done(int32_t context) { return context != kept; }

EXPORT(proxy_on_log) void logged(int32_t context) {
    if (context == kept) { proxy_log(2, TEXT("the kept context ends")); }
}

EXPORT(proxy_on_request_headers) int32_t request_headers(int32_t context, int32_t count, int32_t end) {
    (void)count, (void)end;
    kept = 0;
    char *path = NULL, *text = NULL;
    size_t size = 0, length = 0;
    if (proxy_get_header_map_value(0, TEXT(":path"), &path, &size) != 0) { return 1; }
    if (starts(path, size, "/local")) {
        proxy_send_local_response(403, NULL, 0, TEXT("no entry"), why_said, sizeof why_said, -1);
        return 1;
    }
    if (starts(path, size, "/pause")) { return 1; }
    if (starts(path, size, "/grpc")) {
        proxy_send_local_response(403, NULL, 0, TEXT("not here"), why_said, sizeof why_said, 5);
        return 1;
    }
    if (starts(path, size, "/forms")) {
        answer(TEXT("abcdef"));
        proxy_set_buffer_bytes(RESPONSE_BODY, 0, 0, TEXT("12"));
        proxy_set_buffer_bytes(RESPONSE_BODY, 2, 0, TEXT("-"));
        proxy_set_buffer_bytes(RESPONSE_BODY, 3, 2, TEXT("XY"));
        if (size > 6 && path[6] == 'a') { proxy_set_buffer_bytes(RESPONSE_BODY, 0, END, TEXT("all")); }
        if (size > 6 && path[6] == 'r') { proxy_set_buffer_bytes(RESPONSE_BODY, 5, 9999, TEXT("!")); }
        if (size > 6 && path[6] == 'n') { proxy_set_buffer_bytes(RESPONSE_BODY, 0, 4, NULL, 0); }
        proxy_add_header_map_value(RESPONSE_TRAILERS, TEXT("x-sum"), TEXT("6"));
        return 0;
    }
    if (starts(path, size, "/done")) {
        uint32_t id = 0;
        digit(proxy_done());
        proxy_http_call(TEXT("fn"), get_behind, sizeof get_behind, NULL, 0, NULL, 0, 5000, &id);
        kept = context;
        return 0;
    }
    if (starts(path, size, "/call")) {
        uint32_t id = 0;
        int32_t status = proxy_http_call(TEXT("fn"), get_behind, sizeof get_behind, NULL, 0, NULL, 0, 5000, &id);
        return status == 0 && id > 0 ? 1 : 0;
    }
    if (starts(path, size, "/headers")) {
        proxy_add_header_map_value(2, TEXT("x-two"), TEXT("1"));
        proxy_replace_header_map_value(2, TEXT("x-two"), TEXT("2"));
        proxy_replace_header_map_value(2, TEXT(":status"), TEXT("202"));
        proxy_add_header_map_value(2, TEXT("x-gone"), TEXT("1"));
        proxy_remove_header_map_value(2, TEXT("x-gone"));
        if (proxy_get_header_map_pairs(0, &text, &length) == 0) { answer(text, length); }
        return 0;
    }
    if (starts(path, size, "/property")) {
        proxy_set_property(TEXT("mine"), TEXT("kept"));
        if (proxy_get_property(TEXT("mine"), &text, &length) == 0) { answer(text, length); }
        if (proxy_get_property(TEXT("request\0url_path"), &text, &length) == 0) { answer(text, length); }
        digit(proxy_get_property(TEXT("unknown"), &text, &length));
        return 0;
    }
    if (starts(path, size, "/shared")) {
        uint32_t cas = 0, metric = 0, queue = 0;
        uint64_t value = 0;
        digit(proxy_get_shared_data(TEXT("key"), &text, &length, &cas));
        digit(proxy_set_shared_data(TEXT("key"), TEXT("value"), 0));
        digit(proxy_get_shared_data(TEXT("key"), &text, &length, &cas));
        digit((int32_t)length);
        digit(proxy_set_shared_data(TEXT("key"), TEXT("other"), cas + 7));
        digit(proxy_set_shared_data(TEXT("key"), TEXT("other"), cas));
        digit(proxy_define_metric(0, TEXT("calls"), &metric));
        proxy_increment_metric(metric, 3);
        proxy_increment_metric(metric, 4);
        digit(proxy_increment_metric(metric, -1));
        digit(proxy_record_metric(metric, 2));
        digit(proxy_record_metric(metric + 7, 2));
        proxy_get_metric(metric, &value);
        digit((int32_t)value);
        digit(proxy_register_shared_queue(TEXT("queue"), &queue));
        digit(proxy_dequeue_shared_queue(queue, &text, &length));
        proxy_enqueue_shared_queue(queue, TEXT("item"));
        digit(proxy_dequeue_shared_queue(queue, &text, &length));
        answer(text, length);
        digit(proxy_call_foreign_function(TEXT("f"), TEXT("a"), &text, &length));
        return 0;
    }
    if (starts(path, size, "/ticks")) {
        uint32_t cas = 0;
        if (proxy_get_shared_data(TEXT("ticks"), &text, &length, &cas) == 0) { answer(text, length); }
        return 0;
    }
    if (starts(path, size, "/wrong")) {
        char **nowhere = (char **)(uintptr_t)0xfffffff0u;
        size_t *nosize = (size_t *)(uintptr_t)0xfffffff0u;
        const char *bad = (const char *)(uintptr_t)0xffffff00u;
        digit(proxy_log(2, bad, 10));
        digit(proxy_get_buffer_bytes(0, 0, 1, nowhere, &length));
        digit(proxy_get_buffer_bytes(0, 9999, 1, &text, &length));
        digit(proxy_get_buffer_bytes(77, 0, 1, &text, &length));
        digit(proxy_set_buffer_bytes(1, 0, 0, bad, 10));
        digit(proxy_get_header_map_value(0, bad, 10, &text, &length));
        digit(proxy_get_header_map_value(0, TEXT(":path"), &text, nosize));
        digit(proxy_get_header_map_pairs(99, &text, &length));
        digit(proxy_get_property(bad, 10, &text, &length));
        digit(proxy_set_shared_data(bad, 10, TEXT("v"), 0));
        digit(proxy_get_state(bad, 10, TEXT("k"), &text, &length));
        digit(proxy_get_state(TEXT("store"), TEXT("k"), nowhere, &length));
        digit(proxy_get_state(TEXT("forbidden"), TEXT("k"), &text, &length));
        digit(proxy_invoke_service(TEXT("fn"), bad, 10, TEXT(""), &text, &length));
        digit(proxy_invoke_service(TEXT("nobody"), TEXT("m"), TEXT(""), &text, &length));
        digit(proxy_get_current_time_nanoseconds((uint64_t *)(uintptr_t)0xfffffffcu));
        digit(proxy_send_local_response(7, NULL, 0, NULL, 0, NULL, 0, 0));
        digit(proxy_send_local_response(200, NULL, 0, bad, 10, NULL, 0, 0));
        return 0;
    }
    return 0;
}

EXPORT(proxy_on_http_call_response) void call_response(int32_t context, int32_t id, int32_t headers, int32_t size, int32_t trailers) {
    (void)context, (void)id, (void)trailers;
    char *text = NULL;
    size_t length = 0;
    if (kept) {
        uint32_t code = 99;
        // For the root context there is nothing to be done with.
        int32_t right = proxy_get_status(&code, &text, &length) == 0 && code == 0 && proxy_set_effective_context(1) == 0
            && proxy_done() == 1 && proxy_set_effective_context(kept) == 0 && proxy_done() == 0 && proxy_done() == 1;
        proxy_log(2, right ? "done right" : "done wrong", 10);
        return;
    }
    digit(headers > 0);
    if (proxy_get_header_map_value(6, TEXT(":status"), &text, &length) == 0) { answer(text, length); }
    if (proxy_get_buffer_bytes(4, 0, (size_t)size, &text, &length) == 0) { answer(text, length); }
    proxy_continue_stream(0);
}

EXPORT(proxy_on_request_trailers) int32_t request_trailers(int32_t context, int32_t count) {
    (void)context;
    char *text = NULL;
    size_t length = 0;
    digit(count);
    if (proxy_get_header_map_value(REQUEST_TRAILERS, TEXT("X-Checksum"), &text, &length) == 0) { answer(text, length); }
    return 0;
}

EXPORT(proxy_on_request_body) int32_t request_body(int32_t context, int32_t size, int32_t end) {
    (void)context, (void)end;
    char *body = NULL, *text = NULL;
    size_t length = 0, count = 0;
    if (proxy_get_buffer_bytes(0, 0, (size_t)size, &body, &length) != 0) { return 1; }
    if (!starts(body, length, "name=")) {
        proxy_log(4, TEXT("a name is missing"));
        return 1;
    }
    if (role == 'f') {
        if (proxy_invoke_service(TEXT("fn"), TEXT("behind"), body, length, &text, &count) != 0) { return 1; }
    } else if (proxy_get_state(TEXT("store"), body + 5, length - 5, &text, &count) != 0) {
        return 1;
    }
    answer(TEXT("There are "));
    answer(text, count);
    answer(TEXT(" inventories for "));
    answer(body + 5, length - 5);
    answer(TEXT("."));
    return 0;
}
