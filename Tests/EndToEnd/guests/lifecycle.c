// A guest for the tests of the lifecycle: ANSWER at any path, mischief at some, and with KEEPS the use of state.
#include "mecha.h"

#ifndef ANSWER
#define ANSWER "one"
#endif

static char path[256], body[4096];

static int is(const char *name) {
    size_t size = strlen(name);
    for (size_t index = 0; index < size; index++) {
        if (path[index] != name[index]) { return 0; }
    }
    return path[size] == 0 || path[size] == '?';
}

MECHA_EXPORT(destroy) void destroy(void) { mecha_log(MECHA_INFO, MECHA_TEXT("destroyed " ANSWER)); }

MECHA_EXPORT(start) int32_t start(void) {
    mecha_log(MECHA_INFO, MECHA_TEXT("started " ANSWER));
#ifdef NEEDS
    return mecha_state_set(MECHA_TEXT("needed"), MECHA_TEXT("begun"), MECHA_TEXT("yes"), NULL);
#else
    return 0;
#endif
}

MECHA_EXPORT(handle) int32_t handle(void) {
    int32_t length = mecha_request(MECHA_TARGET, path, sizeof path - 1);
    path[length < (int32_t)sizeof path ? length : (int32_t)sizeof path - 1] = 0;
    if (is("/trap")) { __builtin_trap(); }
    if (is("/loop")) {
        for (volatile int forever = 1; forever;) {}
    }
    if (is("/grow")) {
        while (__builtin_wasm_memory_grow(0, 1) != (size_t)-1) {}
        __builtin_trap();
    }
#ifdef KEEPS
    if (is("/keep")) {
        int32_t size = mecha_request(MECHA_BODY, body, sizeof body);
        return mecha_state_set(MECHA_TEXT("statestore"), MECHA_TEXT("kept"), (mecha_text){body, (size_t)size}, NULL) < 0;
    }
    if (is("/kept")) {
        int32_t size = mecha_state_get(MECHA_TEXT("statestore"), MECHA_TEXT("kept"), NULL, body, sizeof body);
        return size < 0 ? 1 : mecha_write((mecha_text){body, (size_t)size}) < 0;
    }
#endif
    if (is("/path")) { return mecha_write((mecha_text){path, (size_t)length}) < 0; }
    mecha_response_header(MECHA_TEXT("content-type"), MECHA_TEXT("text/plain"));
    return mecha_write(MECHA_TEXT(ANSWER)) < 0;
}
