/* The journal: every batch and its answer as a line of JSON, for replay and for a closer look. */
#ifndef TANDEM_JOURNAL_H
#define TANDEM_JOURNAL_H

#include "quickjs.h"

/* `where` is a file, or the number of a descriptor. 0 or -errno. */
int journal_open(const char *where);
/* The head: what `open` was given, and its answer. */
void journal_head(JSContext *context, JSValueConst plan, JSValueConst options, JSValueConst answer);
void journal_step(JSContext *context, JSValueConst batch, JSValueConst answer);

/* The lines that are kept in memory, in their order, without their newlines. */
void journal_each(void (*take)(void *, const char *, size_t), void *opaque);

#endif
