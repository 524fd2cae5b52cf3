// A guest for tests: the path says what it does, the body is the input. It answers the status of the call as the
// header `x-status`, and the result as the body.
#include "mecha.h"

static char input[1 << 16], output[1 << 16], path[256], list[1 << 12];
static int32_t served;

static int is(const char *name) {
    size_t size = strlen(name);
    for (size_t index = 0; index < size; index++) {
        if (path[index] != name[index]) { return 0; }
    }
    return path[size] == 0 || path[size] == '?';
}

static void number(mecha_text name, int64_t value) {
    char digits[24];
    size_t start = sizeof digits;
    int negative = value < 0;
    uint64_t rest = negative ? -(uint64_t)value : (uint64_t)value;
    do { digits[--start] = (char)('0' + rest % 10); } while (rest /= 10);
    if (negative) { digits[--start] = '-'; }
    mecha_response_header(name, (mecha_text){digits + start, sizeof digits - start});
}

// The status, and the result read as a whole.
static int32_t answer(int32_t status) {
    number(MECHA_TEXT("x-status"), status);
    int32_t size = mecha_result(0, output, sizeof output);
    mecha_write((mecha_text){output, (size_t)size});
    int32_t etag = mecha_attribute(MECHA_TEXT("etag"), output, sizeof output);
    if (etag >= 0) { mecha_response_header(MECHA_TEXT("x-etag"), (mecha_text){output, (size_t)etag}); }
    int32_t code = mecha_attribute(MECHA_TEXT(":status"), output, sizeof output);
    if (code >= 0) { mecha_response_header(MECHA_TEXT("x-code"), (mecha_text){output, (size_t)code}); }
    return 0;
}

static __attribute__((noinline)) int32_t deep(int32_t level) {
    volatile char room[256];
    room[0] = (char)level;
    return level ? deep(level + 1) + room[0] : 0;
}

MECHA_EXPORT(start) int32_t start(void) {
    mecha_log(MECHA_INFO, MECHA_TEXT("exercise starts"));
    int32_t size = mecha_settings(output, sizeof output);
    return size == 4 && output[0] == 'f' ? 3 : 0;
}

MECHA_EXPORT(destroy) void destroy(void) { mecha_log(MECHA_INFO, MECHA_TEXT("exercise is destroyed")); }

MECHA_EXPORT(handle) int32_t handle(void) {
    served++;
    int32_t size = mecha_request(MECHA_BODY, input, sizeof input);
    mecha_text body = {input, (size_t)size};
    int32_t length = mecha_request(MECHA_TARGET, path, sizeof path - 1);
    path[length] = 0;
    mecha_text store = MECHA_TEXT("store"), key = MECHA_TEXT("key");

    if (is("/echo")) {
        mecha_status(201);
        char type[64];
        int32_t typed = mecha_header(MECHA_TEXT("Content-Type"), type, sizeof type);
        if (typed >= 0) { mecha_response_header(MECHA_TEXT("content-type"), (mecha_text){type, (size_t)typed}); }
        number(MECHA_TEXT("x-absent"), mecha_header(MECHA_TEXT("absent"), type, sizeof type));
        number(MECHA_TEXT("x-field"), mecha_request(77, type, sizeof type));
        number(MECHA_TEXT("x-verb"), mecha_request(MECHA_VERB, type, sizeof type));
        return mecha_write(body);
    }
    if (is("/served")) {
        number(MECHA_TEXT("x-status"), served);
        return 0;
    }
    if (is("/get")) { return answer(mecha_state_get(store, key, NULL, output, 2)); }
    if (is("/set")) { return answer(mecha_state_set(store, key, body, NULL)); }
    if (is("/set-if")) {
        mecha_list options = mecha_list_in(list, sizeof list);
        mecha_list_pair(&options, MECHA_TEXT("etag"), body);
        mecha_list_pair(&options, MECHA_TEXT("concurrency"), MECHA_TEXT("first-write"));
        return answer(mecha_state_set(store, key, MECHA_TEXT("second"), &options));
    }
    if (is("/delete")) { return answer(mecha_state_delete(store, key, NULL)); }
    if (is("/other-store")) { return answer(mecha_state_get(MECHA_TEXT("secret-store"), key, NULL, output, 2)); }
    if (is("/bulk")) {
        mecha_list keys = mecha_list_in(list, sizeof list);
        mecha_list_begin_item(&keys);
        mecha_list_text(&keys, key);
        mecha_list_begin_item(&keys);
        mecha_list_text(&keys, MECHA_TEXT("missing"));
        return answer(mecha_raw_state_bulk_get(MECHA_OF(store), MECHA_LIST(&keys), NULL, 0, NULL, 0));
    }
    if (is("/transaction")) {
        mecha_list steps = mecha_list_in(list, sizeof list);
        mecha_list_begin_item(&steps);
        mecha_list_number(&steps, 0);
        mecha_list_text(&steps, MECHA_TEXT("one"));
        mecha_list_text(&steps, body);
        mecha_list_text(&steps, (mecha_text){NULL, 0});
        mecha_list_begin_item(&steps);
        mecha_list_number(&steps, 1);
        mecha_list_text(&steps, key);
        mecha_list_text(&steps, (mecha_text){NULL, 0});
        mecha_list_text(&steps, (mecha_text){NULL, 0});
        return answer(mecha_raw_state_transaction(MECHA_OF(store), MECHA_LIST(&steps), NULL, 0));
    }
    if (is("/bad-list")) { return answer(mecha_raw_state_set(MECHA_OF(store), MECHA_OF(key), MECHA_OF(body), MECHA_OF(body))); }
    if (is("/publish")) { return answer(mecha_publish(MECHA_TEXT("pubsub"), MECHA_TEXT("topic"), body, NULL)); }
    if (is("/publish-nowhere")) { return answer(mecha_publish(MECHA_TEXT("nowhere"), MECHA_TEXT("topic"), body, NULL)); }
    if (is("/invoke")) {
        mecha_list headers = mecha_list_in(list, sizeof list);
        mecha_list_pair(&headers, MECHA_TEXT("content-type"), MECHA_TEXT("text/plain"));
        mecha_list_pair(&headers, MECHA_TEXT("x-from"), MECHA_TEXT("guest"));
        return answer(mecha_invoke(MECHA_TEXT("fn"), MECHA_TEXT("PUT"), MECHA_TEXT("/there?a=1"), &headers, body, NULL, 0));
    }
    if (is("/invoke-nobody")) {
        return answer(mecha_invoke(MECHA_TEXT("nobody"), MECHA_TEXT("GET"), MECHA_TEXT("/"), NULL, body, NULL, 0));
    }
    if (is("/binding")) {
        return answer(mecha_binding(MECHA_TEXT("files"), MECHA_TEXT("list"), body, NULL, output, sizeof output));
    }
    if (is("/secret")) { return answer(mecha_secret(MECHA_TEXT("vault"), MECHA_TEXT("login"), output, sizeof output)); }
    if (is("/system")) {
        int64_t before = mecha_monotonic();
        if (mecha_sleep(5) != 0 || mecha_monotonic() - before < 5000000) { return 4; }
        number(MECHA_TEXT("x-time"), mecha_time());
        uint64_t noise[4] = {0};
        if (mecha_random(noise, sizeof noise) != sizeof noise || (noise[0] | noise[1]) == 0) { return 5; }
        int32_t found = mecha_variable(MECHA_TEXT("COLOUR"), output, sizeof output);
        number(MECHA_TEXT("x-status"), mecha_variable(MECHA_TEXT("HOME"), input, sizeof input));
        return found < 0 ? 6 : mecha_write((mecha_text){output, (size_t)found});
    }
    if (is("/log")) {
        mecha_log(MECHA_WARNING, body);
        return 0;
    }
    if (is("/log-much")) {
        for (int round = 0; round < 100; round++) { mecha_log(MECHA_INFO, MECHA_TEXT("a line of thirty characters...")); }
        return 0;
    }
    if (is("/sleep")) { return mecha_sleep(60000); }
    if (is("/nap")) { return mecha_sleep(50); }
    if (is("/spin")) {
        for (volatile int forever = 1; forever;) {}
    }
    if (is("/trap")) { __builtin_trap(); }
    if (is("/deep")) { return deep(1); }
    if (is("/status")) { return 17; }
    if (is("/bad-status")) { return mecha_status(99) == MECHA_INVALID && mecha_status(100) == MECHA_INVALID ? 0 : 7; }
    if (is("/bad-header")) {
        int32_t split = mecha_response_header(MECHA_TEXT("x-a"), MECHA_TEXT("b\r\nx-c: d"));
        int32_t name = mecha_response_header(MECHA_TEXT("x a"), MECHA_TEXT("b"));
        int32_t framing = mecha_response_header(MECHA_TEXT("Content-Length"), MECHA_TEXT("3"));
        return split == MECHA_INVALID && name == MECHA_INVALID && framing == MECHA_INVALID ? 0 : 8;
    }
    if (is("/bomb")) {
        while (__builtin_wasm_memory_grow(0, 16) != (size_t)-1) {}
        __builtin_trap();
    }
    if (is("/large")) {
        for (int round = 0; round < 1000; round++) { mecha_write((mecha_text){output, sizeof output}); }
        return 0;
    }
    if (is("/many")) {
        for (int round = 0; round < 100; round++) { mecha_state_get(store, key, NULL, output, 2); }
        return 0;
    }
    if (is("/pointer")) {
        // The body says which call, and what wrong pointer and length it gets.
        const uint32_t *words = (const uint32_t *)(const void *)input;
        const char *at = (const char *)(uintptr_t)words[1];
        size_t many = words[2];
        char *into = (char *)(uintptr_t)words[1];
        switch (words[0]) {
        case 0: return mecha_raw_request_read(MECHA_BODY, 0, into, many);
        case 1: return mecha_raw_request_header(at, many, output, 1);
        case 2: return mecha_raw_request_header("a", 1, into, many);
        case 3: return mecha_raw_response_header(at, many, "a", 1);
        case 4: return mecha_raw_response_header("a", 1, at, many);
        case 5: return mecha_raw_response_write(at, many);
        case 6: return mecha_raw_result_read(0, into, many);
        case 7: return mecha_raw_result_attribute(at, many, output, 1);
        case 8: return mecha_raw_result_attribute("etag", 4, into, many);
        case 9: return mecha_raw_result_attributes(into, many);
        case 10: mecha_raw_log(2, at, many); return 0;
        case 11: return mecha_random(into, many);
        case 12: return mecha_settings(into, many);
        case 13: return mecha_raw_variable(at, many, output, 1);
        case 14: return mecha_raw_variable("COLOUR", 6, into, many);
        case 15: return mecha_raw_state_get(at, many, "key", 3, NULL, 0, output, 1);
        case 16: return mecha_raw_state_get("store", 5, at, many, NULL, 0, output, 1);
        case 17: return mecha_raw_state_get("store", 5, "key", 3, at, many, output, 1);
        case 18: return mecha_raw_state_get("store", 5, "key", 3, NULL, 0, into, many);
        case 19: return mecha_raw_state_set("store", 5, "key", 3, at, many, NULL, 0);
        case 20: return mecha_raw_state_delete("store", 5, at, many, NULL, 0);
        case 21: return mecha_raw_state_bulk_get("store", 5, at, many, NULL, 0, NULL, 0);
        case 22: return mecha_raw_state_transaction("store", 5, at, many, NULL, 0);
        case 23: return mecha_raw_publish("pubsub", 6, "topic", 5, at, many, NULL, 0);
        case 24: return mecha_raw_invoke("fn", 2, "GET", 3, at, many, NULL, 0, NULL, 0, NULL, 0);
        case 25: return mecha_raw_invoke("fn", 2, "GET", 3, "/", 1, NULL, 0, NULL, 0, into, many);
        case 26: return mecha_raw_binding("files", 5, at, many, NULL, 0, NULL, 0, NULL, 0);
        case 27: return mecha_raw_secret_get("vault", 5, at, many, NULL, 0, NULL, 0);
        default: return 99;
        }
    }
    return 9;
}
