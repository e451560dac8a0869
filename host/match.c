#include "match.h"

#include <string.h>

static bool fits(struct match *match)
{
    match->line[match->length] = '\0';
    /* regexec(3) ends at a NUL, which is no part of a line that a person wrote. */
    return regexec(match->pattern, match->line, 0, NULL, 0) == 0;
}

bool match_feed(struct match *match, const char *bytes, size_t length)
{
    const char *end = bytes + length;
    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        size_t size = (size_t)((newline ? newline : end) - bytes);
        size_t room = MATCH_BYTES - match->length, kept = size < room ? size : room;
        bool was_full = room == 0;
        memcpy(match->line + match->length, bytes, kept);
        match->length += kept;
        bool judged = newline || match->length == MATCH_BYTES;
        if (judged && !was_full && fits(match))
            return true;
        if (newline)
            match->length = 0;
        bytes += size + (newline ? 1 : 0);
    }
    return false;
}
