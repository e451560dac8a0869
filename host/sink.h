/*
 * Where output goes: one sink for each distinct open file behind descriptors 1
 * and 2. A thread of its own writes, so that a stuck reader never stops the
 * loop, and the flags of inherited descriptors are never changed.
 */
#ifndef TANDEM_SINK_H
#define TANDEM_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct sink;

/* Before the first use. 0 or -errno. */
int sinks_open(void);
/* The sink behind descriptor 1 or 2. */
struct sink *sink_of(int fd);
/* A third one, for a descriptor of our own. */
struct sink *sink_extra(int fd);
/* How many bytes can be put now. */
size_t sink_room(struct sink *sink);
/* All of it as one unit; the caller has made sure of the room. */
void sink_put(struct sink *sink, const struct iovec *pieces, int count);
/* Asks that sink_wake_fd becomes readable when there is room again. */
void sink_want_room(struct sink *sink);
int sink_wake_fd(void);
/* Empties the wake-up. */
void sink_woken(void);
/* Its reader is gone: what is put is thrown away. */
bool sink_dead(struct sink *sink);
/* Waits until everything is written, at most this long. */
void sinks_drain(int timeout_ms);

#endif
