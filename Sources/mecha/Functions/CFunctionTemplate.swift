/// The kit of functions in C, as `guests/c` has it; a test compares the two.
enum CFunctionTemplate {
    /// `guests/c/mecha.h`.
    static let header = ##"""
        // Functions for Mecha in C: the interface of docs/function-abi.md, and what makes it pleasant. Needs no C library.
        //
        //   clang --target=wasm32-unknown-unknown -Os -nostdlib -Wl,--no-entry -Iguests/c -o hello.wasm hello.c
        #pragma once

        #include <stddef.h>
        #include <stdint.h>

        #define MECHA_IMPORT(name) __attribute__((import_module("mecha"), import_name(#name)))
        #define MECHA_EXPORT(name) __attribute__((export_name(#name), used))

        // What calls answer when they fail; what is not negative is a length.
        enum {
            MECHA_NOT_FOUND = -1,
            MECHA_INVALID = -2,
            MECHA_DENIED = -3,
            MECHA_UNIMPLEMENTED = -4,
            MECHA_CONFLICT = -5,
            MECHA_UNAVAILABLE = -6,
            MECHA_TIMEOUT = -7,
            MECHA_LIMIT = -8,
            MECHA_FAILED = -9,
        };

        enum { MECHA_VERB, MECHA_TARGET, MECHA_CONTENT_TYPE, MECHA_BODY, MECHA_CALLER, MECHA_TRACEPARENT, MECHA_HEADERS };
        enum { MECHA_TRACE, MECHA_DEBUG, MECHA_INFO, MECHA_WARNING, MECHA_ERROR, MECHA_CRITICAL };

        // Bytes that belong to somebody else.
        typedef struct {
            const char *data;
            size_t size;
        } mecha_text;

        #define MECHA_TEXT(literal) ((mecha_text){literal, sizeof(literal) - 1})

        // The imports as they are; the functions below are shorter to call.
        MECHA_IMPORT(request_read) int32_t mecha_raw_request_read(int32_t field, size_t offset, char *out, size_t capacity);
        MECHA_IMPORT(request_header) int32_t mecha_raw_request_header(const char *, size_t, char *, size_t);
        MECHA_IMPORT(response_status) int32_t mecha_status(int32_t code);
        MECHA_IMPORT(response_header) int32_t mecha_raw_response_header(const char *, size_t, const char *, size_t);
        MECHA_IMPORT(response_write) int32_t mecha_raw_response_write(const char *, size_t);
        MECHA_IMPORT(result_read) int32_t mecha_raw_result_read(size_t offset, char *, size_t);
        MECHA_IMPORT(result_attribute) int32_t mecha_raw_result_attribute(const char *, size_t, char *, size_t);
        MECHA_IMPORT(result_attributes) int32_t mecha_raw_result_attributes(char *, size_t);
        MECHA_IMPORT(log) void mecha_raw_log(int32_t level, const char *, size_t);
        MECHA_IMPORT(time) int64_t mecha_time(void);
        MECHA_IMPORT(monotonic) int64_t mecha_monotonic(void);
        MECHA_IMPORT(random) int32_t mecha_random(void *, size_t);
        MECHA_IMPORT(sleep) int32_t mecha_sleep(uint32_t milliseconds);
        MECHA_IMPORT(settings) int32_t mecha_settings(char *, size_t);
        MECHA_IMPORT(variable) int32_t mecha_raw_variable(const char *, size_t, char *, size_t);
        MECHA_IMPORT(state_get) int32_t mecha_raw_state_get(const char *, size_t, const char *, size_t, const char *, size_t, char *, size_t);
        MECHA_IMPORT(state_set)
        int32_t mecha_raw_state_set(const char *, size_t, const char *, size_t, const char *, size_t, const char *, size_t);
        MECHA_IMPORT(state_delete) int32_t mecha_raw_state_delete(const char *, size_t, const char *, size_t, const char *, size_t);
        MECHA_IMPORT(state_bulk_get)
        int32_t mecha_raw_state_bulk_get(const char *, size_t, const char *, size_t, const char *, size_t, char *, size_t);
        MECHA_IMPORT(state_transaction) int32_t mecha_raw_state_transaction(const char *, size_t, const char *, size_t, const char *, size_t);
        MECHA_IMPORT(publish)
        int32_t mecha_raw_publish(const char *, size_t, const char *, size_t, const char *, size_t, const char *, size_t);
        MECHA_IMPORT(invoke)
        int32_t mecha_raw_invoke(
            const char *, size_t, const char *, size_t, const char *, size_t, const char *, size_t, const char *, size_t, char *, size_t);
        MECHA_IMPORT(binding)
        int32_t mecha_raw_binding(
            const char *, size_t, const char *, size_t, const char *, size_t, const char *, size_t, char *, size_t);
        MECHA_IMPORT(secret_get)
        int32_t mecha_raw_secret_get(const char *, size_t, const char *, size_t, const char *, size_t, char *, size_t);

        #define MECHA_CALL static inline __attribute__((unused))

        // Compilers make calls of these out of loops and copies; without a C library they have to be somewhere.
        __attribute__((weak)) void *memcpy(void *restrict to, const void *restrict from, size_t size) {
            for (size_t index = 0; index < size; index++) { ((char *)to)[index] = ((const char *)from)[index]; }
            return to;
        }
        __attribute__((weak)) void *memset(void *to, int byte, size_t size) {
            for (size_t index = 0; index < size; index++) { ((char *)to)[index] = (char)byte; }
            return to;
        }
        __attribute__((weak)) size_t strlen(const char *text) {
            size_t size = 0;
            while (text[size]) { size++; }
            return size;
        }

        MECHA_CALL mecha_text mecha_of(const char *text) { return (mecha_text){text, strlen(text)}; }

        // A list of names and values (or other records) being written into a buffer of the caller.
        typedef struct {
            char *data;
            size_t size, capacity;
        } mecha_list;

        MECHA_CALL void mecha_list_number(mecha_list *list, uint32_t number) {
            if (list->size + 4 > list->capacity) { __builtin_trap(); }
            memcpy(list->data + list->size, &number, 4);
            list->size += 4;
        }
        MECHA_CALL void mecha_list_text(mecha_list *list, mecha_text text) {
            mecha_list_number(list, (uint32_t)text.size);
            if (list->size + text.size > list->capacity) { __builtin_trap(); }
            memcpy(list->data + list->size, text.data, text.size);
            list->size += text.size;
        }
        // An empty list; mecha_list_begin_item counts what follows as one more.
        MECHA_CALL mecha_list mecha_list_in(char *buffer, size_t capacity) {
            mecha_list list = {buffer, 0, capacity};
            mecha_list_number(&list, 0);
            return list;
        }
        MECHA_CALL void mecha_list_begin_item(mecha_list *list) { ++*(uint32_t *)(void *)list->data; }
        MECHA_CALL void mecha_list_pair(mecha_list *list, mecha_text name, mecha_text value) {
            mecha_list_begin_item(list);
            mecha_list_text(list, name);
            mecha_list_text(list, value);
        }
        MECHA_CALL mecha_text mecha_list_bytes(const mecha_list *list) {
            return list ? (mecha_text){list->data, list->size} : (mecha_text){NULL, 0};
        }

        #define MECHA_OF(text) (text).data, (text).size
        #define MECHA_LIST(list) mecha_list_bytes(list).data, mecha_list_bytes(list).size

        // The request. Each answers the field's whole length, of which up to `capacity` bytes are written.
        MECHA_CALL int32_t mecha_request(int32_t field, char *out, size_t capacity) { return mecha_raw_request_read(field, 0, out, capacity); }
        MECHA_CALL int32_t mecha_header(mecha_text name, char *out, size_t capacity) {
            return mecha_raw_request_header(MECHA_OF(name), out, capacity);
        }

        // The response: status 200 and nothing, unless these say otherwise.
        MECHA_CALL int32_t mecha_write(mecha_text bytes) { return mecha_raw_response_write(MECHA_OF(bytes)); }
        MECHA_CALL int32_t mecha_response_header(mecha_text name, mecha_text value) {
            return mecha_raw_response_header(MECHA_OF(name), MECHA_OF(value));
        }

        MECHA_CALL void mecha_log(int32_t level, mecha_text text) { mecha_raw_log(level, MECHA_OF(text)); }
        MECHA_CALL int32_t mecha_variable(mecha_text name, char *out, size_t capacity) {
            return mecha_raw_variable(MECHA_OF(name), out, capacity);
        }

        // Calls of the host. Lists may be NULL. What does not fit into `out`, and the message of a failure, is read by this:
        MECHA_CALL int32_t mecha_result(size_t offset, char *out, size_t capacity) { return mecha_raw_result_read(offset, out, capacity); }
        // `etag` of state, `:status` and headers of an answer.
        MECHA_CALL int32_t mecha_attribute(mecha_text name, char *out, size_t capacity) {
            return mecha_raw_result_attribute(MECHA_OF(name), out, capacity);
        }

        MECHA_CALL int32_t mecha_state_get(mecha_text store, mecha_text key, const mecha_list *options, char *out, size_t capacity) {
            return mecha_raw_state_get(MECHA_OF(store), MECHA_OF(key), MECHA_LIST(options), out, capacity);
        }
        MECHA_CALL int32_t mecha_state_set(mecha_text store, mecha_text key, mecha_text value, const mecha_list *options) {
            return mecha_raw_state_set(MECHA_OF(store), MECHA_OF(key), MECHA_OF(value), MECHA_LIST(options));
        }
        MECHA_CALL int32_t mecha_state_delete(mecha_text store, mecha_text key, const mecha_list *options) {
            return mecha_raw_state_delete(MECHA_OF(store), MECHA_OF(key), MECHA_LIST(options));
        }
        MECHA_CALL int32_t mecha_publish(mecha_text pubsub, mecha_text topic, mecha_text data, const mecha_list *options) {
            return mecha_raw_publish(MECHA_OF(pubsub), MECHA_OF(topic), MECHA_OF(data), MECHA_LIST(options));
        }
        MECHA_CALL int32_t mecha_invoke(
            mecha_text app, mecha_text verb, mecha_text path, const mecha_list *headers, mecha_text body, char *out, size_t capacity) {
            return mecha_raw_invoke(MECHA_OF(app), MECHA_OF(verb), MECHA_OF(path), MECHA_LIST(headers), MECHA_OF(body), out, capacity);
        }
        MECHA_CALL int32_t mecha_binding(
            mecha_text name, mecha_text operation, mecha_text data, const mecha_list *metadata, char *out, size_t capacity) {
            return mecha_raw_binding(MECHA_OF(name), MECHA_OF(operation), MECHA_OF(data), MECHA_LIST(metadata), out, capacity);
        }
        // A list of names and values.
        MECHA_CALL int32_t mecha_secret(mecha_text store, mecha_text name, char *out, size_t capacity) {
            return mecha_raw_secret_get(MECHA_OF(store), MECHA_OF(name), NULL, 0, out, capacity);
        }

        """##

    /// `guests/c/hello.c`.
    static let source = ##"""
        // Greets whom the body names, and counts the greetings in the state store `statestore`.
        #include "mecha.h"

        static char name[256], count[32];

        MECHA_EXPORT(handle) int32_t handle(void) {
            int32_t size = mecha_request(MECHA_BODY, name, sizeof name);
            mecha_text who = size > 0 ? (mecha_text){name, (size_t)size < sizeof name ? (size_t)size : sizeof name} : MECHA_TEXT("world");

            int32_t digits = mecha_state_get(MECHA_TEXT("statestore"), MECHA_TEXT("greetings"), NULL, count, sizeof count);
            uint32_t number = 0;
            for (int32_t index = 0; index < digits; index++) { number = number * 10 + (uint32_t)(count[index] - '0'); }
            number++;
            size_t start = sizeof count;
            do { count[--start] = (char)('0' + number % 10); } while (number /= 10);
            mecha_text text = {count + start, sizeof count - start};
            if (mecha_state_set(MECHA_TEXT("statestore"), MECHA_TEXT("greetings"), text, NULL) < 0) { return 1; }

            mecha_response_header(MECHA_TEXT("content-type"), MECHA_TEXT("text/plain"));
            mecha_write(MECHA_TEXT("Hello, "));
            mecha_write(who);
            mecha_write(MECHA_TEXT("! Greeting number "));
            mecha_write(text);
            mecha_write(MECHA_TEXT(".\n"));
            return 0;
        }

        """##
}
