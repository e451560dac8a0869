/*
 * The last output of each process, for who asks for it later: 64 KB in all,
 * in equal parts, allocated at a process's first output.
 */
#ifndef TANDEM_RINGS_H
#define TANDEM_RINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Shares `bytes` among so many processes. */
void rings_open(uint32_t count, size_t bytes);
bool rings_has(uint32_t process);
void rings_put(uint32_t process, int which, const char *bytes, size_t length);
/*
 * Pieces in the order in which they came; of one process, or of all with
 * UINT32_MAX. A piece may begin and end within a line.
 */
void rings_each(uint32_t process, void (*take)(void *, uint32_t, int, const char *, size_t),
                void *opaque);

#endif
