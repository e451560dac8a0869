/*
 * The output of processes: from their pipes, in whole lines, to the sinks.
 * Lines are never interleaved, and none of it is ever seen by policy.
 */
#ifndef TANDEM_PUMP_H
#define TANDEM_PUMP_H

#include <stddef.h>
#include <stdint.h>

#include "form.h"
#include "sink.h"

struct pump;

/* Descriptors are registered with epoll as (tag << 56 | index). NULL: no memory. */
struct pump *pump_open(int epoll_fd, uint32_t tag);
/*
 * Takes over the read end of a process's pipe, and the form, which came from
 * malloc(3); `which` is 1 or 2. The flags of this end are ours alone: a pipe's
 * ends are separate open files (pipe(7)).
 */
int pump_add(struct pump *pump, uint32_t process, int which, int fd, struct form *form);
/* Calls `pump_matched` once, at the first line of the process that fits the regex_t. */
void pump_match(struct pump *pump, uint32_t process, const void *pattern);
/* To be defined by whoever uses the pump. */
void pump_matched(uint32_t process);
/* To be defined likewise: what a process wrote, as it was read. */
void pump_heard(uint32_t process, int which, const char *bytes, size_t length);
/* The same: this many lines of this one were lost, since nobody read them. */
void pump_dropped(uint32_t process, int which, uint64_t lines);
/* The descriptor with this index is readable. */
void pump_readable(struct pump *pump, uint32_t index);
/* A sink that was full has room again. */
void pump_room(struct pump *pump);
/* When a partial line or a stuck reader wants attention; -1: never. */
int64_t pump_next_wake_ms(const struct pump *pump);
void pump_tick(struct pump *pump, int64_t now);
/* Takes what the process's pipes hold now, and what it wrote last, newline or not. */
void pump_process_ended(struct pump *pump, uint32_t process);
/* Takes what all pipes hold now, flushes partial lines and says what was lost. */
void pump_drain_all(struct pump *pump);
/* The last lines of the process's stderr; the number of bytes. */
size_t pump_tail(const struct pump *pump, uint32_t process, char *out, size_t size, int lines);

#endif
