/* The last bytes of a stream, kept for the reason at the end. */
#ifndef TANDEM_TAIL_H
#define TANDEM_TAIL_H

#include <stddef.h>

enum { TAIL_BYTES = 2048 };

struct tail {
    size_t length;
    char bytes[TAIL_BYTES];
};

void tail_add(struct tail *tail, const char *bytes, size_t length);
/* The last lines, at most `size` bytes of them; the number of bytes. */
size_t tail_lines(const struct tail *tail, char *out, size_t size, int lines);

#endif
