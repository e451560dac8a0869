/*
 * Goal: what the build packed comes out as it went in, and damage is refused without harm.
 * Method: the images and the quick libraries of this build, whole, cut off, and with bytes changed.
 * Every buffer is exactly as large as it is said to be, so that the sanitizer sees one step aside.
 */
#include <string.h>

#include "../unlz4.c"

#include "bytes.h"
#include "check.h"

static const char *const names[][2] = {
    {"build/supervise.image", "build/supervise.image.lz4"},
    {"build/commands.image", "build/commands.image.lz4"},
    {"build/files.qbc", "build/files.lz4"},
    {"build/reason.qbc", "build/reason.lz4"},
};

static void round_trip(void)
{
    bool same = true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct bytes plain = read_whole(names[i][0]), packed = read_whole(names[i][1]);
        uint8_t *out = malloc(plain.length + UNLZ4_SPARE);
        same = same && plain.at && packed.at && plain.length > 1000 &&
               unlz4(out, plain.length, packed.at, packed.length) == 0 &&
               memcmp(out, plain.at, plain.length) == 0;
        free(out);
        free(plain.at);
        free(packed.at);
    }
    claim(same, "every image and every quick library comes out as it went in");
}

/* 0 or an error, and nothing else: the sanitizer watches. */
static void damage(void)
{
    struct bytes plain = read_whole("build/reason.qbc"), packed = read_whole("build/reason.lz4");
    uint8_t *out = malloc(plain.length + UNLZ4_SPARE);
    bool refused = true;
    for (size_t cut = 0; cut < packed.length; cut += cut < 64 ? 1 : 61) {
        uint8_t *part = malloc(cut ? cut : 1);
        memcpy(part, packed.at, cut);
        refused = refused && unlz4(out, plain.length, part, cut) != 0;
        free(part);
    }
    claim(refused, "a block that ends early is refused");
    bool tight = true;
    for (size_t less = 1; less < 40; less++)
        tight = tight && unlz4(out, plain.length - less, packed.at, packed.length) != 0;
    claim(tight, "a block that holds more than was said is refused");
    unsigned seed = 1;
    for (int round = 0; round < 20000; round++) {
        uint8_t *copy = malloc(packed.length);
        memcpy(copy, packed.at, packed.length);
        for (int i = 0; i < 3; i++) {
            seed = seed * 1103515245u + 12345u;
            copy[(seed >> 8) % packed.length] = (uint8_t)(seed >> 16);
        }
        unlz4(out, plain.length, copy, packed.length);
        free(copy);
    }
    claim(true, "changed bytes do no harm");
    free(out);
    free(plain.at);
    free(packed.at);
}

int main(void)
{
    round_trip();
    damage();
    return verdict();
}
