/*
 * What is kept of the journal in memory, for who asks for it later: the head,
 * the first records, so that the start stays, and as many of the last as fit.
 */
#ifndef TANDEM_KEEP_H
#define TANDEM_KEEP_H

#include <stdbool.h>
#include <stddef.h>

/* From now on; `processes` sets how much is kept of the start. */
void keep_open(size_t processes);
bool keep_wanted(void);
/* One line, without its newline. What can't be kept is counted. */
void keep_line(const char *line, size_t length);
/* In their order, without newlines; a gap is a line {"lost":n}. */
void keep_each(void (*take)(void *, const char *, size_t), void *opaque);

#endif
