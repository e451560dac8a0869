#include "rings.h"

#include <stdlib.h>
#include <string.h>

/* Less than this is not worth keeping, however many share. */
enum { RING_MIN = 1024, PIECE_MAX = 32768 };

struct piece {
    uint32_t number;         /* in the order of all */
    uint16_t length;
    uint16_t which;
};

struct ring {
    char *bytes;
    /* Both count up for ever; their places are modulo the size. */
    size_t begin, end;
};

static struct ring *rings;
static uint32_t rings_count, next_number;
static size_t ring_size;

void rings_open(uint32_t count, size_t bytes)
{
    ring_size = RING_MIN;
    /* A power of two, so that counting past the end stays right. */
    while (count && ring_size * 2 <= bytes / count)
        ring_size *= 2;
    rings = calloc(count, sizeof *rings);
    rings_count = rings ? count : 0;
}

bool rings_has(uint32_t process)
{
    return process < rings_count && rings[process].bytes;
}

static void copy_in(struct ring *ring, const void *from, size_t length)
{
    size_t at = ring->end & (ring_size - 1), first = ring_size - at < length ? ring_size - at : length;
    memcpy(ring->bytes + at, from, first);
    memcpy(ring->bytes, (const char *)from + first, length - first);
    ring->end += length;
}

static void copy_out(const struct ring *ring, size_t from, void *to, size_t length)
{
    size_t at = from & (ring_size - 1), first = ring_size - at < length ? ring_size - at : length;
    memcpy(to, ring->bytes + at, first);
    memcpy((char *)to + first, ring->bytes, length - first);
}

void rings_put(uint32_t process, int which, const char *bytes, size_t length)
{
    if (process >= rings_count || !length)
        return;
    struct ring *ring = &rings[process];
    if (!ring->bytes && !(ring->bytes = malloc(ring_size)))
        return;
    size_t most = ring_size / 2 < PIECE_MAX ? ring_size / 2 : PIECE_MAX;
    if (length > most) {
        bytes += length - most;
        length = most;
    }
    struct piece piece = {next_number++, (uint16_t)length, (uint16_t)which}, oldest;
    while (ring->end - ring->begin + sizeof piece + length > ring_size) {
        copy_out(ring, ring->begin, &oldest, sizeof oldest);
        ring->begin += sizeof oldest + oldest.length;
    }
    copy_in(ring, &piece, sizeof piece);
    copy_in(ring, bytes, length);
}

void rings_each(uint32_t process, void (*take)(void *, uint32_t, int, const char *, size_t),
                void *opaque)
{
    size_t *at = calloc(rings_count ? rings_count : 1, sizeof *at);
    char *text = malloc(PIECE_MAX);
    uint32_t last = next_number;
    for (uint32_t i = 0; at && i < rings_count; i++)
        at[i] = rings[i].begin;
    while (at && text) {
        struct piece oldest = {0};
        uint32_t of = UINT32_MAX, age = 0;
        for (uint32_t i = 0; i < rings_count; i++) {
            struct piece piece;
            if ((process != UINT32_MAX && i != process) || at[i] == rings[i].end)
                continue;
            copy_out(&rings[i], at[i], &piece, sizeof piece);
            /* Numbers may have come round; the age has not. */
            if (of != UINT32_MAX && last - piece.number <= age)
                continue;
            of = i;
            oldest = piece;
            age = last - piece.number;
        }
        if (of == UINT32_MAX)
            break;
        copy_out(&rings[of], at[of] + sizeof oldest, text, oldest.length);
        at[of] += sizeof oldest + oldest.length;
        take(opaque, of, oldest.which, text, oldest.length);
    }
    free(at);
    free(text);
}
