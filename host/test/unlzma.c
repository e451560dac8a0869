/*
 * Goal: what the build packed comes out as it went in, and damage is refused without harm.
 * Method: the sections of this build, whole, cut off at every length, and with bytes changed.
 * Every buffer is exactly as large as it is said to be, so that the sanitizer sees one step aside.
 */
#include <string.h>

#include "../unlzma.c"

#include "bytes.h"
#include "check.h"

static uint16_t room[UNLZMA_ROOM];

static struct bytes copy_of(struct bytes bytes, size_t length)
{
    struct bytes copy = {malloc(length ? length : 1), length};
    memcpy(copy.at, bytes.at, length);
    return copy;
}

static void round_trip(void)
{
    static const char *const names[] = {"words", "attributes", "front", "desk", "yaml"};
    bool same = true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64];
        snprintf(path, sizeof path, "build/%s.qbc", names[i]);
        struct bytes plain = read_whole(path);
        snprintf(path, sizeof path, "build/%s.lzma", names[i]);
        struct bytes packed = read_whole(path);
        uint8_t *out = malloc(plain.length);
        same = same && plain.at && packed.at &&
               unlzma(out, plain.length, packed.at, packed.length, room) == 0 &&
               memcmp(out, plain.at, plain.length) == 0;
        free(out);
        free(plain.at);
        free(packed.at);
    }
    claim(same, "every packed library comes out as it went in");
}

static void wrong_lengths(struct bytes packed, size_t length)
{
    uint8_t *out = malloc(length + 1);
    claim(unlzma(out, length + 1, packed.at, packed.length, room) == -EILSEQ,
          "a stream that holds less than was promised is refused");
    free(out);
    out = malloc(length - 1);
    claim(unlzma(out, length - 1, packed.at, packed.length, room) == -EILSEQ,
          "a stream that holds more than was promised is refused");
    free(out);
    struct bytes longer = {malloc(packed.length + 1), packed.length + 1};
    memcpy(longer.at, packed.at, packed.length);
    longer.at[packed.length] = 0;
    out = malloc(length);
    claim(unlzma(out, length, longer.at, longer.length, room) == -EILSEQ,
          "bytes after the end are refused");
    free(longer.at);
    free(out);
}

static void cut_off(struct bytes packed, size_t length)
{
    bool refused = true;
    uint8_t *out = malloc(length);
    for (size_t cut = 0; cut < packed.length; cut++) {
        struct bytes part = copy_of(packed, cut);
        refused = refused && unlzma(out, length, part.at, cut, room) == -EILSEQ;
        free(part.at);
    }
    free(out);
    claim(refused, "a stream that is cut off is refused, wherever that is");
}

static void damaged(struct bytes packed, struct bytes plain)
{
    uint32_t seed = 20261125;
    bool refused_or_short = true;
    uint8_t *out = malloc(plain.length);
    for (int turn = 0; turn < 5000; turn++) {
        struct bytes bad = copy_of(packed, packed.length);
        for (uint32_t n = 1 + next_random(&seed) % 4; n; n--)
            bad.at[next_random(&seed) % bad.length] ^= (uint8_t)(1 + next_random(&seed) % 255);
        int r = unlzma(out, plain.length, bad.at, bad.length, room);
        refused_or_short = refused_or_short && (r == 0 || r == -EILSEQ);
        free(bad.at);
    }
    claim(refused_or_short, "changed bytes lead to an answer, and never outside of the buffers");
    for (int turn = 0; turn < 5000; turn++) {
        size_t length = next_random(&seed) % 400;
        struct bytes noise = {malloc(length + 1), length};
        for (size_t i = 0; i < length; i++)
            noise.at[i] = i ? (uint8_t)next_random(&seed) : 0;
        refused_or_short = refused_or_short &&
                           unlzma(out, plain.length, noise.at, length, room) == -EILSEQ;
        free(noise.at);
    }
    free(out);
    claim(refused_or_short, "noise is refused");
}

int main(void)
{
    round_trip();
    struct bytes plain = read_whole("build/words.qbc"), packed = read_whole("build/words.lzma");
    wrong_lengths(packed, plain.length);
    cut_off(packed, plain.length);
    damaged(packed, plain);
    free(plain.at);
    free(packed.at);
    return verdict();
}
