#include "stream.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scan.h"

enum {
    /* Lines that don't end may take this much of all processes together. */
    KEPT_ALL_BYTES = 1 << 22,
    KEPT_FIRST_BYTES = 512,
    /* Less room than this is not worth a look. */
    WORTH_BYTES = 1 << 12,
};

int64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void stream_forget(struct pump *pump, struct stream *stream)
{
    pump->kept_all -= stream->kept_room;
    free(stream->kept);
    stream->kept = NULL;
    stream->kept_length = stream->kept_room = 0;
}

void stream_set_partial(struct pump *pump, struct stream *stream, bool waits)
{
    bool waited = stream->partial_since_ms != 0;
    if (waits == waited)
        return;
    pump->partials += waits ? 1u : -1u;
    stream->partial_since_ms = waits ? clock_ms() : 0;
}

/* Room for this many more. False: there is no memory for it. */
static bool keep_room(struct pump *pump, struct stream *stream, size_t more)
{
    size_t needed = stream->kept_length + more, room = stream->kept_room ? stream->kept_room : KEPT_FIRST_BYTES;
    while (room < needed)
        room *= 2;
    if (room == stream->kept_room)
        return true;
    char *kept = realloc(stream->kept, room + SPARE_BYTES);
    if (!kept)
        return false;
    pump->kept_all += room - stream->kept_room;
    stream->kept = kept;
    stream->kept_room = room;
    return true;
}

void stream_drop(struct stream *stream, const char *at, const char *end)
{
    if (at == end)
        return;
    stream->dropped += count_newlines(at, end);
    stream->dropping_line = end[-1] != '\n';
    stream->continues = false;
}

void stream_keep(struct pump *pump, struct stream *stream, const char *at, const char *end)
{
    size_t length = (size_t)(end - at);
    if (length == 0)
        return;
    if (!keep_room(pump, stream, length)) {
        stream_drop(stream, at, end);
        return;
    }
    memcpy(stream->kept + stream->kept_length, at, length);
    stream->kept_length += length;
    memset(stream->kept + stream->kept_length, 0, SPARE_BYTES);
}

void stream_drop_kept(struct pump *pump, struct stream *stream)
{
    stream_drop(stream, stream->kept, stream->kept + stream->kept_length);
    stream_forget(pump, stream);
}

/* A line of which the beginning was dropped is dropped as a whole: the place behind it. */
static const char *drop_line(struct stream *stream, const char *at, const char *end)
{
    if (!stream->dropping_line)
        return at;
    const char *newline = scan_newline(at, end);
    stream->dropping_line = newline == end;
    stream->dropped += newline < end;
    return newline < end ? newline + 1 : end;
}

const char *stream_put(struct stream *stream, const char *at, const char *end, bool flush,
                       bool last, bool *full)
{
    struct sink *sink = sink_of(stream->which);
    struct cursor c = {.at = drop_line(stream, at, end), .end = end, .flush = flush, .last = last,
                       .continues = stream->continues, .level = stream->level};
    size_t want = WORTH_BYTES, room;
    const char *from = c.at;
    *full = false;
    if (from < end && sink_dead(sink)) {
        stream_drop(stream, from, end);
        return end;
    }
    while (c.at < end) {
        char *base = sink_reserve(sink, want, &room);
        if (!base) {
            *full = true;
            break;
        }
        c.to = base;
        c.limit = base + room;
        form_lines(stream->form, &c);
        sink_commit(sink, (size_t)(c.to - base));
        if (!c.full)
            break;
        want = form_room(stream->form, &c);
    }
    stream->continues = c.continues;
    stream->level = c.level;
    return c.at;
}

bool stream_put_kept(struct pump *pump, struct stream *stream, bool flush, bool last)
{
    const char *at = stream->kept, *end = at + stream->kept_length;
    size_t most = pump->kept_all > KEPT_ALL_BYTES ? AHEAD_BYTES : LINE_MAX_BYTES;
    bool full = false;
    while (at < end && !full) {
        /* A line that gets too long goes out in parts. */
        bool over = (size_t)(end - at) > most && scan_newline(at, at + most) == at + most;
        const char *stop = over ? at + most : end;
        const char *after = stream_put(stream, at, stop, flush || over, last && !over, &full);
        bool done = !over || after == at;
        at = after;
        if (done)
            break;
    }
    stream->kept_length = (size_t)(end - at);
    if (at == end)
        stream_forget(pump, stream);
    else if (at > stream->kept)
        memmove(stream->kept, at, stream->kept_length + SPARE_BYTES);
    /* What is left of a line that went out, a part of a character, has its time once more. */
    stream_set_partial(pump, stream, false);
    stream_set_partial(pump, stream, stream->kept_length > 0 && !full);
    return full;
}

