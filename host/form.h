/*
 * What a line of a process looks like when it goes out: as it is, behind a
 * prefix, or as an entry of JSON.
 */
#ifndef TANDEM_FORM_H
#define TANDEM_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "level.h"

enum form_kind { FORM_RAW, FORM_PREFIX, FORM_JSON };

enum {
    /* A line that is longer goes out in parts. */
    LINE_MAX_BYTES = 250000,
    FORM_NAME_BYTES = 120,
    /* Twice a name, what stands around it, and a time. */
    FORM_TEXT_BYTES = 256,
    FORM_STAMP_BYTES = 48,
};

struct form {
    enum form_kind kind;
    bool times;
    /* Of a line whose level can't be told. */
    enum level level;
    size_t lead_length, again_length;
    /*
     * PREFIX: before a line, and before the rest of one. JSON: the label,
     * `"process":"app"`, and the same behind a message.
     */
    char lead[FORM_TEXT_BYTES], again[FORM_TEXT_BYTES];
};

/* A run over bytes; everything may be read SPARE_BYTES further, and written. */
struct cursor {
    const char *at, *end;
    char *to, *limit;
    /* What stands at `end` without a newline goes out too, as a part of a line. */
    bool flush;
    /* And nothing will follow it. */
    bool last;
    /* What begins at `at` goes on a line that has been put already, of this level. */
    bool continues;
    enum level level;
    /* Out: it ended for want of room. */
    bool full;
};

/* `colour`: 0 is none. */
void form_prefix(struct form *form, const char *name, size_t width, int colour);
void form_json(struct form *form, const char *name);
/* Puts as many lines as there are and fit. */
void form_lines(const struct form *form, struct cursor *c);
/* The room that the line at `c->at` surely fits. */
size_t form_room(const struct form *form, const struct cursor *c);
/* The time by RFC 3339, in UTC, with 3 or 6 digits of the second's fraction: its length. */
size_t form_stamp(char *to, int digits);

#endif
