/*
 * Where output goes: one sink for each distinct open file behind descriptors 1
 * and 2. What can be written at once is written at once, where the kernel can
 * say so for a single call (RWF_NOWAIT); for the rest there is a thread, so
 * that a stuck reader never stops the loop. The flags of inherited descriptors
 * are never changed.
 */
#ifndef TANDEM_SINK_H
#define TANDEM_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct sink;

enum {
    /* One unit is at most this long, so that it always fits an empty sink. */
    UNIT_MAX_BYTES = 1 << 18,
    /* What may be written behind the end of a room without harm. */
    SPARE_BYTES = 64,
};

/* Before the first use. 0 or -errno. */
int sinks_open(void);
/* The sink behind descriptor 1 or 2. */
struct sink *sink_of(int fd);
/* A third one, for a descriptor of our own. */
struct sink *sink_extra(int fd);
/*
 * A place of at least `want` bytes, at most UNIT_MAX_BYTES of them, to be
 * filled and handed over by sink_commit; `*room` says how long it is. NULL:
 * there is none now.
 */
char *sink_reserve(struct sink *sink, size_t want, size_t *room);
void sink_commit(struct sink *sink, size_t length);
/* All of it as one unit. False: there is no room, and nothing was put. */
bool sink_put(struct sink *sink, const struct iovec *pieces, int count);
/* Asks that sink_wake_fd becomes readable when there are `want` bytes of room. */
void sink_want_room(struct sink *sink, size_t want);
int sink_wake_fd(void);
/* Empties the wake-up. */
void sink_woken(void);
/* Its reader is gone: what is put is thrown away. */
bool sink_dead(struct sink *sink);
/* Grows with each byte that went out: the same number twice means that none did. */
size_t sink_progress(struct sink *sink);
/* Waits until everything is written; gives up when nothing moved for this long. */
bool sinks_drain(int timeout_ms);

#endif
