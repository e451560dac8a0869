/* A list of the first lines, and a ring of the last. */
#include "keep.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The head is as long as the plan, and always there. */
enum { FIRST_BYTES = 8192, FIRST_BYTES_EACH = 256, RING_BYTES = 1 << 15 };

struct line {
    struct line *next;
    size_t length;
    char bytes[];
};

struct list {
    struct line *first, *last;
    size_t bytes, most;
};

static struct list head = {.most = SIZE_MAX}, begin, ring = {.most = RING_BYTES};
static bool open;
static unsigned long long lost;

void keep_open(size_t processes)
{
    open = true;
    begin.most = FIRST_BYTES + processes * FIRST_BYTES_EACH;
}

bool keep_wanted(void)
{
    return open;
}

static void drop_first(struct list *list)
{
    struct line *line = list->first;
    list->first = line->next;
    list->last = list->first ? list->last : NULL;
    list->bytes -= line->length + sizeof *line;
    free(line);
    lost++;
}

static bool append(struct list *list, const char *bytes, size_t length)
{
    struct line *line = malloc(sizeof *line + length);
    if (!line)
        return false;
    *line = (struct line){.length = length};
    memcpy(line->bytes, bytes, length);
    if (list->last)
        list->last->next = line;
    else
        list->first = line;
    list->last = line;
    list->bytes += sizeof *line + length;
    return true;
}

void keep_line(const char *line, size_t length)
{
    size_t size = length + sizeof(struct line);
    struct list *list = !head.first ? &head : ring.first || begin.bytes + size > begin.most
                                                  ? &ring : &begin;
    if (!open)
        return;
    while (list == &ring && ring.first && ring.bytes + size > ring.most)
        drop_first(&ring);
    if (size > list->most || !append(list, line, length))
        lost++;
}

static void each(const struct list *list, void (*take)(void *, const char *, size_t), void *opaque)
{
    for (const struct line *line = list->first; line; line = line->next)
        take(opaque, line->bytes, line->length);
}

void keep_each(void (*take)(void *, const char *, size_t), void *opaque)
{
    char text[64];
    int n = snprintf(text, sizeof text, "{\"lost\":%llu}", lost);
    each(&head, take, opaque);
    each(&begin, take, opaque);
    if (lost)
        take(opaque, text, (size_t)n);
    each(&ring, take, opaque);
}
