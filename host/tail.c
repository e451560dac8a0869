#include "tail.h"

#include <string.h>

void tail_add(struct tail *tail, const char *bytes, size_t length)
{
    if (length >= TAIL_BYTES) {
        memcpy(tail->bytes, bytes + length - TAIL_BYTES, TAIL_BYTES);
        tail->length = TAIL_BYTES;
        return;
    }
    size_t over = tail->length + length > TAIL_BYTES ? tail->length + length - TAIL_BYTES : 0;
    memmove(tail->bytes, tail->bytes + over, tail->length - over);
    tail->length -= over;
    memcpy(tail->bytes + tail->length, bytes, length);
    tail->length += length;
}

size_t tail_lines(const struct tail *tail, char *out, size_t size, int lines)
{
    size_t end = tail->length, start = end;
    if (end && tail->bytes[end - 1] == '\n')
        start--;
    while (start && lines) {
        if (tail->bytes[start - 1] == '\n' && --lines == 0)
            break;
        start--;
    }
    size_t length = end - start < size ? end - start : size;
    memcpy(out, tail->bytes + end - length, length);
    return length;
}
