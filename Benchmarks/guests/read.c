// Answers with the value of one key of the state store `store`.
#include "mecha.h"

static char value[4096];

MECHA_EXPORT(handle) int32_t handle(void) {
    int32_t size = mecha_state_get(MECHA_TEXT("store"), MECHA_TEXT("key"), NULL, value, sizeof value);
    if (size < 0) { return 1; }
    mecha_response_header(MECHA_TEXT("content-type"), MECHA_TEXT("application/json"));
    return mecha_write((mecha_text){value, (size_t)size}) < 0;
}
