// The two functions of Layotto's example, as its Go kit makes them: `id_1` asks `id_2` for the inventories of a book,
// `id_2` reads them from the state store. They use `malloc`, `_start` and WASI as TinyGo does.
#include "../../Guests/proxy_wasm.h"

__attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_write"))) int32_t fd_write(int32_t, const void *, size_t, size_t *);

static char heap[1 << 20];
static size_t used;
static uint32_t asked;

EXPORT(proxy_abi_version_0_2_0) void version(void) {}

EXPORT(malloc) void *allocate(size_t size) {
    if (used + size > sizeof heap) { return NULL; }
    void *start = heap + used;
    used += (size + 7) & ~(size_t)7;
    return start;
}

EXPORT(_start) void begin(void) {
    const struct { const char *text; size_t size; } line = {TEXT("ready\n")};
    size_t written;
    fd_write(1, &line, 1, &written);
}

EXPORT(proxy_get_id) void get_id(void) { proxy_set_buffer_bytes(8, 0, 0, TEXT(ID)); }
EXPORT(proxy_on_context_create) void create(int32_t context, int32_t parent) { (void)context, (void)parent; }
EXPORT(proxy_on_vm_start) int32_t vm_start(int32_t context, int32_t size) { return (void)context, (void)size, 1; }
EXPORT(proxy_on_configure) int32_t configure(int32_t context, int32_t size) {
    (void)context, (void)size;
    proxy_define_metric(0, TEXT("asked"), &asked);
    return 1;
}
EXPORT(proxy_on_request_headers) int32_t headers(int32_t context, int32_t count, int32_t end) { return (void)context, (void)count, (void)end, 0; }
EXPORT(proxy_on_done) int32_t done(int32_t context) { return (void)context, 1; }
EXPORT(proxy_on_delete) void delete(int32_t context) { (void)context, used = 0; }

EXPORT(proxy_on_request_body) int32_t body(int32_t context, int32_t size, int32_t end) {
    (void)context, (void)end;
    char *text = NULL, *found = NULL;
    size_t length = 0, count = 0;
    if (proxy_get_buffer_bytes(0, 0, (size_t)size, &text, &length) != 0) { return 1; }
    // name=book1
    size_t start = 0;
    for (size_t index = 0; index < length; index++) {
        if (text[index] == '=') { start = index + 1; }
    }
    proxy_increment_metric(asked, 1);
#ifdef FRONT
    if (proxy_invoke_service(TEXT("id_2"), TEXT(""), text + start, length - start, &found, &count) != 0) {
        proxy_log(4, TEXT("nobody answers"));
        return 1;
    }
    answer(TEXT("There are "));
    answer(found, count);
    answer(TEXT(" inventories for "));
    answer(text + start, length - start);
    answer(TEXT("."));
#else
    if (proxy_get_state(TEXT("redis"), text + start, length - start, &found, &count) != 0) { return 1; }
    answer(found, count);
#endif
    return 0;
}
