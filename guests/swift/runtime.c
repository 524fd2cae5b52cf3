// What Embedded Swift asks of the platform: memory, and little more. An instance that serves one request needs no
// more than an allocator that hands out and, for the last piece, takes back.
#include <stddef.h>
#include <stdint.h>

extern char __heap_base;
static uintptr_t next;
static uintptr_t last;

static void *take(size_t alignment, size_t size) {
    if (next == 0) { next = (uintptr_t)&__heap_base; }
    uintptr_t start = (next + alignment - 1) & ~(uintptr_t)(alignment - 1);
    uintptr_t pages = __builtin_wasm_memory_size(0);
    if (start + size < start) { return NULL; }
    if (start + size > pages << 16) {
        uintptr_t more = (start + size - (pages << 16) + 0xffff) >> 16;
        if (__builtin_wasm_memory_grow(0, more) == (size_t)-1) { return NULL; }
    }
    last = start;
    next = start + size;
    return (void *)start;
}

int posix_memalign(void **out, size_t alignment, size_t size) {
    *out = take(alignment < 16 ? 16 : alignment, size);
    return *out ? 0 : 12;
}
void *malloc(size_t size) { return take(16, size); }
void free(void *start) {
    if (start && (uintptr_t)start == last) { next = last; }
}

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    for (size_t index = 0; index < size; index++) { ((char *)to)[index] = ((const char *)from)[index]; }
    return to;
}
void *memmove(void *to, const void *from, size_t size) {
    if ((uintptr_t)to <= (uintptr_t)from) { return memcpy(to, from, size); }
    while (size--) { ((char *)to)[size] = ((const char *)from)[size]; }
    return to;
}
void *memset(void *to, int byte, size_t size) {
    for (size_t index = 0; index < size; index++) { ((char *)to)[index] = (char)byte; }
    return to;
}
int memcmp(const void *a, const void *b, size_t size) {
    for (size_t index = 0; index < size; index++) {
        int difference = ((const unsigned char *)a)[index] - ((const unsigned char *)b)[index];
        if (difference) { return difference; }
    }
    return 0;
}
void arc4random_buf(void *to, size_t size) { memset(to, 7, size); }
int putchar(int character) { return character; }
