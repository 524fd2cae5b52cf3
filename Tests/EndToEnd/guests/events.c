// A guest that keeps what it is told, for the tests of triggers.
#include "mecha.h"

static char path[256], body[65536], log[1 << 20];

static int is(const char *name) {
    size_t size = strlen(name);
    for (size_t index = 0; index < size; index++) {
        if (path[index] != name[index]) { return 0; }
    }
    return path[size] == 0 || path[size] == '?';
}

static int begins(const char *text, size_t size, const char *with) {
    size_t length = strlen(with);
    if (size < length) { return 0; }
    for (size_t index = 0; index < length; index++) {
        if (text[index] != with[index]) { return 0; }
    }
    return 1;
}

#define STORE MECHA_TEXT("statestore")

static int32_t append(const char *text, size_t size) {
    int32_t had = mecha_state_get(STORE, MECHA_TEXT("log"), NULL, log, sizeof log);
    size_t start = had > 0 ? (size_t)had : 0;
    if (start + size + 1 > sizeof log) { return 1; }
    memcpy(log + start, text, size);
    log[start + size] = '\n';
    return mecha_state_set(STORE, MECHA_TEXT("log"), (mecha_text){log, start + size + 1}, NULL) < 0;
}

MECHA_EXPORT(handle) int32_t handle(void) {
    int32_t length = mecha_request(MECHA_TARGET, path, sizeof path - 1);
    path[length < (int32_t)sizeof path ? length : (int32_t)sizeof path - 1] = 0;
    int32_t size = mecha_request(MECHA_BODY, body, sizeof body);
    size_t bytes = size > 0 ? (size_t)size : 0;
    if (is("/log")) {
        int32_t had = mecha_state_get(STORE, MECHA_TEXT("log"), NULL, log, sizeof log);
        return had > 0 ? mecha_write((mecha_text){log, (size_t)had}) < 0 : 0;
    }
    if (is("/flaky")) {
        append("try", 3);
        int32_t had = mecha_state_get(STORE, MECHA_TEXT("tries"), NULL, log, sizeof log);
        size_t tries = had > 0 ? (size_t)had : 0;
        if (tries < 2) {
            log[tries] = 'x';
            mecha_state_set(STORE, MECHA_TEXT("tries"), (mecha_text){log, tries + 1}, NULL);
            return 1;
        }
        return append(body, bytes);
    }
    if (is("/shop.v1.Echo/Say")) {
        if (begins(body, bytes, "fail")) { return 1; }
        if (begins(body, bytes, "trap")) { __builtin_trap(); }
        if (begins(body, bytes, "loop")) {
            for (volatile int forever = 1; forever;) {}
        }
        if (begins(body, bytes, "status")) {
            mecha_response_header(MECHA_TEXT("grpc-status"), MECHA_TEXT("5"));
            mecha_response_header(MECHA_TEXT("grpc-message"), MECHA_TEXT("no such thing"));
            return 0;
        }
        if (begins(body, bytes, "header")) {
            int32_t got = mecha_header(MECHA_TEXT("x-mine"), log, sizeof log);
            return got >= 0 ? mecha_write((mecha_text){log, (size_t)got}) < 0 : 1;
        }
        mecha_write(MECHA_TEXT("said "));
        return mecha_write((mecha_text){body, bytes}) < 0;
    }
    return append(body, bytes);
}
