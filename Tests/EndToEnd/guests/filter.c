// A proxy-wasm filter for tests: what it does, headers of the request and its configuration say.
#include "../../Guests/proxy_wasm.h"

static char heap[8 << 20];
static size_t used;
static char prefix[64] = "seen";
static size_t prefix_size = 4;
static uint32_t requests, gauge, sizes;
static int32_t mode;

EXPORT(proxy_abi_version_0_2_1) void version(void) {}

EXPORT(proxy_on_memory_allocate) void *allocate(size_t size) {
    if (used + size > sizeof heap) { return NULL; }
    void *start = heap + used;
    used += (size + 7) & ~(size_t)7;
    return start;
}

EXPORT(proxy_on_context_create) void create(int32_t context, int32_t parent) {
    (void)context;
    if (parent != 0) { used = 0; }
}

EXPORT(proxy_on_configure) int32_t configure(int32_t context, int32_t size) {
    (void)context;
    char *text = NULL;
    size_t length = 0;
    if (proxy_get_buffer_bytes(7, 0, (size_t)size, &text, &length) == 0 && length > 0 && length < sizeof prefix) {
        memcpy(prefix, text, length);
        prefix_size = length;
    }
    proxy_define_metric(0, TEXT("requests"), &requests);
    proxy_define_metric(1, TEXT("last"), &gauge);
    proxy_define_metric(2, TEXT("sizes"), &sizes);
    proxy_set_tick_period_milliseconds(20);
    return 1;
}

EXPORT(proxy_on_tick) void tick(int32_t context) {
    (void)context;
    proxy_set_shared_data(TEXT("ticked"), TEXT("yes"), 0);
    used = 0;
}

static int is(int32_t map, const char *name, size_t size, char first) {
    char *text = NULL;
    size_t length = 0;
    return proxy_get_header_map_value(map, name, size, &text, &length) == 0 && length > 0 && text[0] == first;
}

EXPORT(proxy_on_request_headers) int32_t request_headers(int32_t context, int32_t count, int32_t end) {
    (void)context, (void)count;
    proxy_increment_metric(requests, 1);
    proxy_record_metric(gauge, 7);
    mode = 0;
    if (is(0, TEXT("x-do"), 'd')) {
        proxy_send_local_response(403, NULL, 0, TEXT("no entry"), why_said, sizeof why_said, -1);
        return 1;
    }
    if (is(0, TEXT("x-do"), 't')) { __builtin_trap(); }
    if (is(0, TEXT("x-do"), 'l')) {
        for (volatile int one = 1; one;) {}
    }
    if (is(0, TEXT("x-do"), 'p')) { return 1; }
    if (is(0, TEXT("x-do"), 'r')) { mode = 'r'; }
    if (is(0, TEXT("x-do"), 'x')) { mode = 'x'; }
    if (is(0, TEXT("x-do"), 'm')) {
        proxy_replace_header_map_value(0, TEXT(":path"), TEXT("/moved?by=filter"));
        proxy_replace_header_map_value(0, TEXT(":method"), TEXT("PUT"));
        // Neither ends a line of the message.
        proxy_add_header_map_value(0, TEXT("x-evil"), TEXT("a\r\nx-forged: 1"));
        proxy_add_header_map_value(0, TEXT("transfer-encoding"), TEXT("chunked"));
    }
    proxy_add_header_map_value(0, TEXT("x-filter"), prefix, prefix_size);
    proxy_remove_header_map_value(0, TEXT("x-secret"));
    char *text = NULL;
    size_t length = 0;
    uint32_t cas = 0;
    if (proxy_get_shared_data(TEXT("ticked"), &text, &length, &cas) == 0) { proxy_add_header_map_value(0, TEXT("x-ticked"), text, length); }
    if (is(0, TEXT("x-do"), 'c')) {
        uint32_t id = 0;
        if (proxy_http_call(TEXT("other"), get_behind, sizeof get_behind, NULL, 0, NULL, 0, 5000, &id) == 0) { return 1; }
        proxy_send_local_response(401, NULL, 0, TEXT("no call"), NULL, 0, -1);
        return 1;
    }
    // Wait for the body, as filters do that look at it.
    return end ? 0 : 1;
}

EXPORT(proxy_on_http_call_response) void call_response(int32_t context, int32_t id, int32_t headers, int32_t size, int32_t trailers) {
    (void)context, (void)id, (void)headers, (void)trailers;
    char *text = NULL;
    size_t length = 0;
    if (proxy_get_buffer_bytes(4, 0, (size_t)size, &text, &length) == 0) { proxy_add_header_map_value(0, TEXT("x-asked"), text, length); }
    proxy_continue_stream(0);
}

EXPORT(proxy_on_request_body) int32_t request_body(int32_t context, int32_t size, int32_t end) {
    (void)context, (void)end;
    proxy_record_metric(sizes, size);
    char *text = NULL;
    size_t length = 0;
    if (proxy_get_buffer_bytes(0, 0, (size_t)size, &text, &length) != 0) { return 0; }
    for (size_t index = 0; index < length; index++) {
        if (text[index] >= 'a' && text[index] <= 'z') { text[index] -= 32; }
    }
    proxy_set_buffer_bytes(0, 0, length, text, length);
    return 0;
}

EXPORT(proxy_on_request_trailers) int32_t request_trailers(int32_t context, int32_t count) {
    (void)context;
    char digit = (char)('0' + count);
    proxy_add_header_map_value(REQUEST_HEADERS, TEXT("x-trailers"), &digit, 1);
    proxy_add_header_map_value(REQUEST_TRAILERS, TEXT("x-more"), TEXT("from the filter"));
    proxy_remove_header_map_value(REQUEST_TRAILERS, TEXT("x-secret"));
    return 0;
}

#ifndef REQUESTS_ONLY
EXPORT(proxy_on_response_trailers) int32_t response_trailers(int32_t context, int32_t count) {
    (void)context;
    char digit = (char)('0' + count);
    proxy_add_header_map_value(RESPONSE_HEADERS, TEXT("x-trailers"), &digit, 1);
    proxy_replace_header_map_value(RESPONSE_TRAILERS, TEXT("x-sum"), TEXT("changed"));
    return 0;
}

EXPORT(proxy_on_response_headers) int32_t response_headers(int32_t context, int32_t count, int32_t end) {
    (void)context, (void)count, (void)end;
    proxy_add_header_map_value(2, TEXT("x-response"), prefix, prefix_size);
    if (mode == 'x') { __builtin_trap(); }
    if (mode == 'r') {
        proxy_replace_header_map_value(2, TEXT(":status"), TEXT("418"));
        proxy_remove_header_map_value(2, TEXT("x-app"));
    }
    return 0;
}

EXPORT(proxy_on_response_body) int32_t response_body(int32_t context, int32_t size, int32_t end) {
    (void)context, (void)size, (void)end;
    proxy_set_buffer_bytes(1, 0x7fffffff, 0, TEXT("+filtered"));
    return 0;
}
#endif
