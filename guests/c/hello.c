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
