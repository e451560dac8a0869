/* What Tandem says itself. */
#ifndef TANDEM_LOG_H
#define TANDEM_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "form.h"
#include "level.h"

/* How lines look that go through us; RAW needn't. */
struct logs {
    enum form_kind kind;
    bool times;
};

/*
 * Tandem's own lines, on stderr; never blocks once the sinks are open. With a
 * process, the last lines of its stderr go with it; -1: none.
 */
void log_line(enum level level, const char *text, size_t length, int64_t tail);
/* Whole lines, or a whole entry, as they are. */
void log_block(const char *text, size_t length);
/* The same as one entry, into a buffer: its length. Async-signal-safe. */
size_t log_entry(char *to, size_t size, enum level level, const char *text, size_t length);

#endif
