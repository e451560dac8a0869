/*
 * Goal: blocks never overlap, keep their bytes, and all go at once.
 * Method: a hundred thousand allocations by a seeded sequence, each filled and checked.
 */
#include "../arena.c"

#include "check.h"

enum { SLOTS = 300, TURNS = 100000 };

struct slot {
    unsigned char *at;
    size_t size;
    unsigned char fill;
};

static bool intact(const struct slot *slot)
{
    for (size_t i = 0; i < slot->size; i++)
        if (slot->at[i] != slot->fill)
            return false;
    return true;
}

static size_t some_size(uint32_t *seed)
{
    uint32_t kind = next_random(seed) % 100;
    if (kind < 80)
        return next_random(seed) % 200;
    return next_random(seed) % (kind < 98 ? 5000 : 200000);
}

static void churn(struct arena *arena)
{
    static struct slot slots[SLOTS];
    uint32_t seed = 20261124;
    bool whole = true, aligned = true, room = true;
    for (int turn = 0; turn < TURNS; turn++) {
        struct slot *slot = &slots[next_random(&seed) % SLOTS];
        size_t size = some_size(&seed);
        whole = whole && (!slot->at || intact(slot));
        if (slot->at && next_random(&seed) % 2) {
            size_t kept = size < slot->size ? size : slot->size;
            unsigned char *moved = arena_realloc(arena, slot->at, size ? size : 1);
            slot->at = moved;
            slot->size = kept;
            whole = whole && moved && intact(slot);
        } else {
            arena_free(arena, slot->at);
            slot->at = arena_malloc(arena, size);
        }
        room = room && slot->at;
        if (!slot->at)
            break;
        aligned = aligned && (uintptr_t)slot->at % 16 == 0;
        slot->size = size;
        slot->fill = (unsigned char)next_random(&seed);
        memset(slot->at, slot->fill, size);
    }
    claim(room, "a freed block is used again: the churn fits");
    claim(whole, "a block keeps its bytes through the life of all others, and through realloc");
    claim(aligned, "a block is aligned for any type");
    for (int i = 0; i < SLOTS; i++)
        arena_free(arena, slots[i].at);
    claim(arena_live(arena) == 0, "what is live is nothing when everything is freed");
}

static void edges(struct arena *arena)
{
    claim(arena_malloc(arena, (size_t)1 << 40) == NULL, "more than the arena has is refused");
    claim(arena_calloc(arena, SIZE_MAX / 2, 4) == NULL, "a product that overflows is refused");
    arena_free(arena, NULL);
    unsigned char *zeroed = arena_calloc(arena, 100, 3);
    bool zero = zeroed != NULL;
    for (int i = 0; zero && i < 300; i++)
        zero = zeroed[i] == 0;
    claim(zero, "calloc zeroes a block that was used before");
    claim(usable_size(zeroed) >= 300, "the usable size is at least what was asked for");
}

static void growth(struct arena *arena)
{
    uint8_t *first = arena->next;
    void *last = arena_malloc(arena, 5000);
    void *grown = arena_realloc(arena, last, 50000);
    claim(last == grown, "the last block grows where it stands");
    arena_free(arena, grown);
    claim(arena->next == first, "and gives its place back");
}

static void classes(void)
{
    bool fits = true, tight = true;
    for (size_t size = 1; size < 10000; size++) {
        uint32_t class = class_of(size);
        if (class == LARGE_CLASS)
            break;
        fits = fits && class_size(class) >= size;
        tight = tight && (size < 64 || class_size(class) <= size + size / 3 + 16);
    }
    claim(fits, "the class of a size holds it");
    claim(tight, "and wastes at most a third");
}

/* Once a rest that was shorter than a header was taken for a huge one. */
static void last_bytes(void)
{
    bool within = true;
    for (size_t rest = 0; rest <= 128; rest += 16) {
        struct arena arena;
        within = within && arena_open(&arena, 4096, NULL) == 0;
        arena.next = arena.end - rest;
        for (size_t size = 1; size < 256; size *= 2) {
            unsigned char *block = arena_malloc(&arena, size);
            within = within && (!block || block + size <= arena.end);
        }
        arena_drop(&arena);
    }
    claim(within, "the last bytes hold what fits and nothing more");
}

int main(void)
{
    struct arena arena;
    claim(arena_open(&arena, (size_t)64 << 20, NULL) == 0, "an arena opens");
    classes();
    last_bytes();
    churn(&arena);
    edges(&arena);
    arena_drop(&arena);
    claim(arena_open(&arena, (size_t)1 << 20, NULL) == 0, "and another one");
    growth(&arena);
    arena_drop(&arena);
    claim(arena.start == NULL, "an arena that was dropped is nothing");
    claim(arena_open(&arena, (size_t)1 << 60, NULL) < 0, "what can't be reserved is an error");
    return verdict();
}
