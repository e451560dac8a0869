/* Claims in sentences: prints `ok …` or `not ok …`, which tools/test.mjs counts. */
#ifndef TANDEM_CHECK_H
#define TANDEM_CHECK_H

#include <stdio.h>
#include <stdlib.h>

static int failures;

static void claim(int holds, const char *sentence)
{
    printf("%s %s\n", holds ? "ok" : "not ok", sentence);
    failures += !holds;
    fflush(stdout);
}

static int verdict(void)
{
    return failures ? 1 : 0;
}

/* A sequence that is the same each time (xorshift). */
static inline uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

#endif
