/*
 * Bump allocation with a free list for each size class. Classes are four to an
 * octave, so that at most a fifth of a block is lost; a freed block is only
 * used again for its own class. That suits both engines: one lives for
 * milliseconds, the other allocates the same few shapes over and over.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "arena.h"

/* Before each block; 16 bytes keep what follows aligned for any type. */
struct header {
    uint32_t class;
    uint32_t unused;
    size_t size;
};

enum { SMALLEST = 16, LARGE_CLASS = ARENA_CLASSES - 1 };

/* Class c holds blocks of this size: 16, 20, 24, 28 times a power of two, rounded to 16. */
static size_t class_size(uint32_t class)
{
    size_t size = ((size_t)(4 + class % 4) << (class / 4)) * 4;
    return (size + 15) & ~(size_t)15;
}

static uint32_t class_of(size_t size)
{
    uint32_t class = 0;
    if (size > 64) {
        /* The octave of the size, less one to be sure to begin below. */
        uint32_t octave = 63 - (uint32_t)__builtin_clzll((unsigned long long)size);
        class = (octave - 4) * 4;
        if (class > LARGE_CLASS)
            return LARGE_CLASS;
    }
    while (class < LARGE_CLASS && class_size(class) < size)
        class++;
    return class;
}

int arena_open(struct arena *arena, size_t reserve, void *at)
{
    *arena = (struct arena){0};
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED_NOREPLACE : 0);
    void *start = mmap(at, reserve, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (start == MAP_FAILED)
        return -errno;
    if (at && start != at) {
        /* A kernel before 4.17 takes the place as a wish. */
        munmap(start, reserve);
        return -EEXIST;
    }
    arena->start = arena->next = start;
    arena->end = arena->start + reserve;
    return 0;
}

void arena_touch(struct arena *arena, size_t bytes)
{
#ifndef MADV_POPULATE_WRITE
    enum { MADV_POPULATE_WRITE = 23 };
#endif
    /* Refused before Linux 5.14: then each page comes when it is used. */
    madvise(arena->start, (bytes + 4095) & ~(size_t)4095, MADV_POPULATE_WRITE);
}

void *arena_first(const struct arena *arena)
{
    return arena->start + sizeof(struct header);
}

size_t arena_live(const struct arena *arena)
{
    return arena->live;
}

void arena_drop(struct arena *arena)
{
    if (arena->start)
        munmap(arena->start, (size_t)(arena->end - arena->start));
    *arena = (struct arena){0};
}

static struct header *header_of(const void *block)
{
    return (struct header *)((uint8_t *)block - sizeof(struct header));
}

/* Blocks beyond the classes: first fit among the freed ones, which are few and big. */
static void *take_large(struct arena *arena, size_t size)
{
    void **link = &arena->free[LARGE_CLASS];
    for (; *link; link = (void **)*link) {
        void *block = *link;
        if (header_of(block)->size >= size) {
            *link = *(void **)block;
            return block;
        }
    }
    return NULL;
}

static void *take_fresh(struct arena *arena, uint32_t class, size_t size)
{
    /* Less than a header may be left: a difference of sizes would be a huge one then. */
    if (size + sizeof(struct header) > (size_t)(arena->end - arena->next))
        return NULL;
    struct header *header = (struct header *)arena->next;
    header->class = class;
    header->size = size;
    arena->next += sizeof *header + size;
    return header + 1;
}

void *arena_malloc(void *opaque, size_t size)
{
    struct arena *arena = opaque;
    if (size > (size_t)(arena->end - arena->start) - sizeof(struct header))
        return NULL;
    uint32_t class = class_of(size < SMALLEST ? SMALLEST : size);
    void *block = arena->free[class];
    size = class == LARGE_CLASS ? (size + 4095) & ~(size_t)4095 : class_size(class);
    if (class == LARGE_CLASS)
        block = take_large(arena, size);
    else if (block)
        arena->free[class] = *(void **)block;
    if (!block)
        block = take_fresh(arena, class, size);
    if (block)
        arena->live += header_of(block)->size;
    return block;
}

void arena_free(void *opaque, void *block)
{
    struct arena *arena = opaque;
    if (!block)
        return;
    struct header *header = header_of(block);
    arena->live -= header->size;
    /* The last block goes back to the bump pointer: growing arrays are freed that way. */
    if ((uint8_t *)block + header->size == arena->next) {
        arena->next = (uint8_t *)header;
        return;
    }
    *(void **)block = arena->free[header->class];
    arena->free[header->class] = block;
}

static void *grow_last(struct arena *arena, void *block, size_t size)
{
    struct header *header = header_of(block);
    uint32_t class = class_of(size);
    size_t room = class == LARGE_CLASS ? (size + 4095) & ~(size_t)4095 : class_size(class);
    if ((uint8_t *)block + header->size != arena->next ||
        room > (size_t)(arena->end - (uint8_t *)block))
        return NULL;
    arena->live += room - header->size;
    header->class = class;
    header->size = room;
    arena->next = (uint8_t *)block + room;
    return block;
}

void *arena_realloc(void *opaque, void *block, size_t size)
{
    struct arena *arena = opaque;
    if (!block)
        return arena_malloc(arena, size);
    if (size == 0) {
        arena_free(arena, block);
        return NULL;
    }
    size_t had = header_of(block)->size;
    if (size <= had)
        return block;
    if (grow_last(arena, block, size))
        return block;
    void *moved = arena_malloc(arena, size);
    if (!moved)
        return NULL;
    memcpy(moved, block, had);
    arena_free(arena, block);
    return moved;
}

static void *arena_calloc(void *opaque, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *block = arena_malloc(opaque, bytes);
    if (block)
        memset(block, 0, bytes);
    return block;
}

static size_t usable_size(const void *block)
{
    return block ? header_of(block)->size : 0;
}

const JSMallocFunctions arena_functions = {
    .js_calloc = arena_calloc,
    .js_malloc = arena_malloc,
    .js_free = arena_free,
    .js_realloc = arena_realloc,
    .js_malloc_usable_size = usable_size,
};
