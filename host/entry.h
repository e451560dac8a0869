/* Text as entries of Cloud Logging's structured logging: one line of JSON each. */
#ifndef TANDEM_ENTRY_H
#define TANDEM_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

/* A name that is put into each entry, as it stands in JSON. */
#define ENTRY_LABELS "\"logging.googleapis.com/labels\":"

/* Longer ones are split: what Cloud Logging takes ends at 256 KB. */
enum { ENTRY_MAX_BYTES = 250000 };

/*
 * Escapes up to a newline, `end` or `limit`, and moves `*at` there; the place
 * behind what was put. Reads and writes up to SPARE_BYTES further. What is no
 * UTF-8 is put as \xNN. With `cut`, a character that `end` cuts is left.
 */
char *entry_escape(char *to, char *limit, const char **at, const char *end, bool cut);

/* The whole of a text, newlines too, as far as it fits; it needn't have anything to spare. */
char *entry_text(char *to, char *limit, const char *text, size_t length);

/* What is known about a line that is a JSON object. */
struct object {
    const char *open;      /* behind its brace */
    bool empty;
    const char *labels;    /* behind the brace of its labels; NULL: it has none */
    bool labels_empty, labels_odd, has_process, has_time;
};

/* False: it is something else. */
bool entry_object(const char *at, const char *end, struct object *found);

#endif
