/* The memory of one engine: a region of address space that is given back as a whole. */
#ifndef TANDEM_ARENA_H
#define TANDEM_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

enum { ARENA_CLASSES = 40 };

struct arena {
    uint8_t *start, *next, *end;
    size_t live;
    void *free[ARENA_CLASSES];
};

/* Reserves address space, `at` that place unless NULL; pages are touched as they are used. 0 or -errno. */
int arena_open(struct arena *arena, size_t reserve, void *at);
/* Has the first pages touched at once, where the kernel knows how. */
void arena_touch(struct arena *arena, size_t bytes);
/* The block that was allocated first. */
void *arena_first(const struct arena *arena);
/* Bytes that are allocated and not freed. */
size_t arena_live(const struct arena *arena);
/* Unmaps everything at once. */
void arena_drop(struct arena *arena);

void *arena_malloc(void *arena, size_t size);
void arena_free(void *arena, void *block);
void *arena_realloc(void *arena, void *block, size_t size);

/* To be given to JS_NewRuntime2 with the arena as opaque. */
extern const JSMallocFunctions arena_functions;

#endif
