// A handler of http-wasm for tests: what it does, its configuration and the header x-do say. The configuration begins with
// the features that it enables at its start, as a digit.
#include <stddef.h>
#include <stdint.h>

#define HOST(result, name) __attribute__((import_module("http_handler"), import_name(#name))) result name
#define EXPORT(name) __attribute__((export_name(#name), used))
#define TEXT(literal) literal, sizeof(literal) - 1

HOST(uint32_t, enable_features)(uint32_t);
HOST(uint32_t, get_config)(char *, uint32_t);
HOST(void, log)(int32_t, const char *, uint32_t);
HOST(uint32_t, log_enabled)(int32_t);
HOST(uint32_t, get_method)(char *, uint32_t);
HOST(void, set_method)(const char *, uint32_t);
HOST(uint32_t, get_uri)(char *, uint32_t);
HOST(void, set_uri)(const char *, uint32_t);
HOST(uint32_t, get_protocol_version)(char *, uint32_t);
HOST(uint32_t, get_source_addr)(char *, uint32_t);
HOST(uint32_t, get_status_code)(void);
HOST(void, set_status_code)(uint32_t);
HOST(uint64_t, get_header_names)(uint32_t, char *, uint32_t);
HOST(uint64_t, get_header_values)(uint32_t, const char *, uint32_t, char *, uint32_t);
HOST(void, set_header_value)(uint32_t, const char *, uint32_t, const char *, uint32_t);
HOST(void, add_header_value)(uint32_t, const char *, uint32_t, const char *, uint32_t);
HOST(void, remove_header)(uint32_t, const char *, uint32_t);
HOST(uint64_t, read_body)(uint32_t, char *, uint32_t);
HOST(void, write_body)(uint32_t, const char *, uint32_t);

enum { REQUEST, RESPONSE, REQUEST_TRAILERS, RESPONSE_TRAILERS };

static char config[64], text[8192];
static uint32_t config_size;
static char mode;

EXPORT(_initialize) void initialize(void) {
    config_size = get_config(config, sizeof config);
    if (config_size > 0) { enable_features((uint32_t)(config[0] - '0')); }
    if (config_size > 1 && config[1] == '!') { __builtin_trap(); }
}

// The mode, and what follows it.
static uint32_t wanted(char *value) {
    uint64_t found = get_header_values(REQUEST, TEXT("X-Do"), value, 16);
    return found >> 32 ? (uint32_t)found - 1 : 0;
}

static void upper(uint32_t kind) {
    uint64_t part;
    do {
        part = read_body(kind, text, 100);
        for (uint32_t index = 0; index < (uint32_t)part; index++) {
            if (text[index] >= 'a' && text[index] <= 'z') { text[index] -= 32; }
        }
        write_body(kind, text, (uint32_t)part);
    } while (!(part >> 32));
}

static uint64_t show(void) {
    uint32_t size = get_method(text, sizeof text);
    text[size++] = ' ';
    size += get_uri(text + size, 200);
    text[size++] = ' ';
    size += get_protocol_version(text + size, 20);
    text[size++] = ' ';
    size += get_source_addr(text + size, 60);
    text[size++] = '\n';
    write_body(RESPONSE, text, size);
    uint64_t names = get_header_names(REQUEST, text, sizeof text);
    write_body(RESPONSE, text, (uint32_t)names);
    write_body(RESPONSE, TEXT("\n"));
    uint64_t values = get_header_values(REQUEST, TEXT("x-many"), text, sizeof text);
    char count = (char)('0' + (values >> 32));
    write_body(RESPONSE, &count, 1);
    write_body(RESPONSE, text, (uint32_t)values);
    // What does not fit is not written at all.
    text[0] = '?';
    size = get_uri(text, 1);
    write_body(RESPONSE, text, size > 1 ? 1 : 0);
    set_header_value(RESPONSE, TEXT("content-type"), TEXT("text/plain"));
    return 0;
}

static uint64_t wrong(char which) {
    switch (which) {
    case '1': set_status_code(99); break;
    case '2': add_header_value(REQUEST, TEXT("x-a"), TEXT("b\r\nx-c: d")); break;
    case '3': read_body(REQUEST, text, 0); break;
    case '4': set_method("", 0); break;
    case '5': get_header_names(9, text, sizeof text); break;
    case '6': get_header_values(REQUEST, "", 0, text, sizeof text); break;
    case '7': write_body(7, text, 1); break;
    case '8': set_uri(TEXT("no path")); break;
    case '9': get_uri((char *)(uintptr_t)0xfffffff0u, 0x100); break;
    case 'a': set_header_value(REQUEST_TRAILERS, TEXT("x-a"), TEXT("b")); break;
    default: break;
    }
    return 1;
}

EXPORT(handle_request) uint64_t handle_request(void) {
    char what[16];
    uint32_t size = wanted(what);
    mode = size > 0 ? what[0] : ' ';
    switch (mode) {
    case 'd':
        set_status_code(403);
        set_header_value(RESPONSE, TEXT("x-why"), TEXT("said"));
        write_body(RESPONSE, TEXT("no entry"));
        return 0;
    case 'o': return 0;
    case 'm':
        set_method(TEXT("PUT"));
        set_uri(TEXT("/moved?by=filter"));
        set_header_value(REQUEST, TEXT("transfer-encoding"), TEXT("chunked"));
        break;
    case 't': __builtin_trap();
    case 'l':
        for (volatile int one = 1; one;) {}
        break;
    case 's': return show();
    case 'e': return wrong(what[1]);
    // Reads two bytes, which pass on nevertheless where requests are buffered.
    case 'c': read_body(REQUEST, text, 2); break;
    case 'u': upper(REQUEST); break;
    // For this request only.
    case 'f': enable_features(2); break;
    default: break;
    }
    set_header_value(REQUEST, TEXT("x-filter"), config, config_size);
    add_header_value(REQUEST, TEXT("x-many"), TEXT("more"));
    remove_header(REQUEST, TEXT("X-Secret"));
    add_header_value(RESPONSE, TEXT("x-early"), TEXT("yes"));
    return ((uint64_t)7 << 32) | 1;
}

EXPORT(handle_response) void handle_response(uint32_t context, uint32_t failed) {
    if (context != 7) { __builtin_trap(); }
    if (failed) {
        log(1, TEXT("there was no response"));
        return;
    }
    // Without the feature this is an error.
    if (mode == 'x') { set_header_value(RESPONSE, TEXT("x-response"), TEXT("late")); }
    uint32_t features = enable_features(0);
    if (!(features & 2)) { return; }
    if (mode == 'q') { set_method(TEXT("GET")); }
    uint32_t status = get_status_code();
    if (log_enabled(0)) { log(0, status == 200 ? "well" : "oh", status == 200 ? 4 : 2); }
    set_header_value(RESPONSE, TEXT("x-response"), config, config_size);
    remove_header(RESPONSE, TEXT("x-app"));
    if (mode == 'r') {
        set_status_code(418);
        upper(RESPONSE);
        write_body(RESPONSE, TEXT("+filtered"));
    }
    if (features & 4) {
        uint64_t names = get_header_names(RESPONSE_TRAILERS, text, sizeof text);
        uint32_t first = 0;
        while (names >> 32 && text[first]) { first++; }
        set_header_value(RESPONSE, TEXT("x-trailers"), text, first);
        set_header_value(RESPONSE_TRAILERS, TEXT("x-sum"), TEXT("changed"));
    }
}
