/*
 * A decoder of LZ4 blocks, after the public description of the format: a byte
 * with two lengths, literals, and the distance of a match. It is on the path of
 * every start, so it copies by sixteen bytes and is compiled for speed.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "unlz4.h"

enum { MATCH_MIN = 4, LENGTH_GOES_ON = 15, STEP = 16 };

struct reader {
    const uint8_t *at, *end;
};

/* Adds the bytes that go on with a length; false: the block ends in them. */
static inline bool more_length(struct reader *in, size_t *length)
{
    uint8_t byte;
    do {
        if (in->at == in->end)
            return false;
        byte = *in->at++;
        *length += byte;
    } while (byte == 255);
    return true;
}

static inline void copy_step(uint8_t *to, const uint8_t *from)
{
    uint8_t step[STEP];
    memcpy(step, from, STEP);
    memcpy(to, step, STEP);
}

/* Up to STEP - 1 bytes too many are written, into the spare. */
static inline void copy_match(uint8_t *to, size_t distance, size_t length)
{
    const uint8_t *from = to - distance;
    uint8_t *end = to + length;
    if (distance >= STEP) {
        for (; to < end; to += STEP, from += STEP)
            copy_step(to, from);
    } else {
        while (to < end)
            *to++ = *from++;
    }
}

int unlz4(uint8_t *out, size_t out_length, const uint8_t *in_bytes, size_t in_length)
{
    struct reader in = {in_bytes, in_bytes + in_length};
    uint8_t *to = out, *end = out + out_length;
    while (in.at < in.end) {
        uint8_t token = *in.at++;
        size_t literals = token >> 4, length = token & 15;
        if (literals == LENGTH_GOES_ON && !more_length(&in, &literals))
            return -EILSEQ;
        if (literals > (size_t)(in.end - in.at) || literals > (size_t)(end - to))
            return -EILSEQ;
        if (literals <= STEP && in.end - in.at >= STEP)
            copy_step(to, in.at);
        else
            memcpy(to, in.at, literals);
        to += literals;
        in.at += literals;
        /* The last sequence has no match. */
        if (in.at == in.end)
            return to == end ? 0 : -EILSEQ;
        if (in.end - in.at < 2)
            return -EILSEQ;
        size_t distance = (size_t)in.at[0] | (size_t)in.at[1] << 8;
        in.at += 2;
        if (length == LENGTH_GOES_ON && !more_length(&in, &length))
            return -EILSEQ;
        length += MATCH_MIN;
        if (distance == 0 || distance > (size_t)(to - out) || length > (size_t)(end - to))
            return -EILSEQ;
        copy_match(to, distance, length);
        to += length;
    }
    return -EILSEQ;
}
