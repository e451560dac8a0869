/* Looks for a line that fits a pattern in a stream of bytes. */
#ifndef TANDEM_MATCH_H
#define TANDEM_MATCH_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

enum { MATCH_BYTES = 4096 };

/* A line is judged by its first bytes. */
struct match {
    const regex_t *pattern;
    size_t length;
    char line[MATCH_BYTES + 1];
};

/* True when a line that these bytes complete, or fill up, fits. */
bool match_feed(struct match *match, const char *bytes, size_t length);

#endif
