// Answers at once. NUMBER and BALLAST make modules of one source differ, in content and in size.
#include "mecha.h"

#ifndef NUMBER
#define NUMBER 0
#endif
#define TEXT_(number) "hello from " #number
#define TEXT(number) TEXT_(number)

#ifdef BALLAST
#define ONE(n) \
    __attribute__((noinline, used)) static int32_t part##n(int32_t x) { \
        for (int32_t i = 0; i < x; i++) { x ^= (x << 3) + i * (n + NUMBER); x = x % (n + 7) + (x >> 2); } \
        return x; \
    }
#define TEN(n) ONE(n##0) ONE(n##1) ONE(n##2) ONE(n##3) ONE(n##4) ONE(n##5) ONE(n##6) ONE(n##7) ONE(n##8) ONE(n##9)
#define HUNDRED(n) TEN(n##0) TEN(n##1) TEN(n##2) TEN(n##3) TEN(n##4) TEN(n##5) TEN(n##6) TEN(n##7) TEN(n##8) TEN(n##9)
#define THOUSAND(n) \
    HUNDRED(n##0) HUNDRED(n##1) HUNDRED(n##2) HUNDRED(n##3) HUNDRED(n##4) HUNDRED(n##5) HUNDRED(n##6) HUNDRED(n##7) \
    HUNDRED(n##8) HUNDRED(n##9)
THOUSAND(1)
THOUSAND(2)
THOUSAND(3)
#endif

MECHA_EXPORT(handle) int32_t handle(void) {
    mecha_response_header(MECHA_TEXT("content-type"), MECHA_TEXT("text/plain"));
    return mecha_write(MECHA_TEXT(TEXT(NUMBER))) < 0;
}
