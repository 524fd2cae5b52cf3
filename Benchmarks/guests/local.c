// A proxy-wasm 0.2.0 filter that answers every request itself.
#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(#name), used))
#define TEXT(literal) literal, sizeof(literal) - 1

__attribute__((import_module("env"), import_name("proxy_send_local_response"))) int32_t proxy_send_local_response(
    int32_t status, const char *details, size_t details_size, const char *body, size_t body_size, const char *headers,
    size_t headers_size, int32_t grpc_status);

static char heap[1 << 16];
static size_t used;

EXPORT(proxy_abi_version_0_2_0) void version(void) {}

EXPORT(proxy_on_memory_allocate) void *allocate(size_t size) {
    if (used + size > sizeof heap) { used = 0; }
    void *start = heap + used;
    used += (size + 7) & ~(size_t)7;
    return start;
}

EXPORT(proxy_on_context_create) void create(int32_t context, int32_t parent) {
    (void)context, (void)parent;
    used = 0;
}

EXPORT(proxy_on_vm_start) int32_t vm_start(int32_t context, int32_t size) { return (void)context, (void)size, 1; }
EXPORT(proxy_on_configure) int32_t configure(int32_t context, int32_t size) { return (void)context, (void)size, 1; }

EXPORT(proxy_on_request_headers) int32_t request_headers(int32_t context, int32_t count, int32_t end) {
    (void)context, (void)count, (void)end;
    proxy_send_local_response(200, TEXT(""), TEXT("hello from a filter"), NULL, 0, -1);
    return 1;
}

EXPORT(proxy_on_done) int32_t done(int32_t context) { return (void)context, 1; }
EXPORT(proxy_on_log) void log_context(int32_t context) { (void)context; }
EXPORT(proxy_on_delete) void delete_context(int32_t context) { (void)context; }
