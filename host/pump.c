/* Pipes in, whole lines out. */
#include "pump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "match.h"
#include "stream.h"
#include "tail.h"

enum {
    READ_BYTES = 1 << 16,
    /* Of those who write this much at once. */
    PIPE_BYTES = 1 << 18,
    PARTIAL_MS = 100,
    STUCK_MS = 5000,
    /* One process that never stops writing must not keep the loop from the others. */
    READS_PER_TURN = 8,
    /* The same for one that was left behind and writes on. */
    DRAIN_READS = 64,
    /* How long a reader that is behind is waited for when a process has ended; and at the end. */
    DRAIN_MS = 250,
    DRAIN_ALL_MS = 4000,
    /* One that takes nothing for this long is stuck. */
    STILL_MS = 100,
};

static char read_buffer[AHEAD_BYTES + READ_BYTES + SPARE_BYTES];

struct pump *pump_open(int epoll_fd, uint32_t tag)
{
    struct pump *pump = calloc(1, sizeof *pump);
    if (pump)
        *pump = (struct pump){.epoll_fd = epoll_fd, .tag = tag};
    return pump;
}

static int watch(struct pump *pump, uint32_t index, int operation)
{
    struct epoll_event event = {.events = EPOLLIN,
                                .data.u64 = (uint64_t)pump->tag << 56 | index};
    return epoll_ctl(pump->epoll_fd, operation, pump->streams[index].fd, &event) ? -errno : 0;
}

/* The place of this process's earlier stream, or a new one. */
static uint32_t index_for(struct pump *pump, uint32_t process, int which)
{
    for (uint32_t i = 0; i < pump->count; i++) {
        struct stream *stream = &pump->streams[i];
        if (stream->process != process || stream->which != which || stream->fd >= 0)
            continue;
        free(stream->tail);
        return i;
    }
    return pump->count;
}

int pump_add(struct pump *pump, uint32_t process, int which, int fd, struct form *form)
{
    uint32_t index = index_for(pump, process, which);
    if (index == pump->count) {
        struct stream *streams = realloc(pump->streams, (index + 1) * sizeof *streams);
        if (!streams)
            return -ENOMEM;
        streams[index].dropped = 0;
        pump->streams = streams;
        pump->count++;
    }
    /* What an earlier run lost is still to be told. */
    pump->streams[index] = (struct stream){.fd = fd, .process = process, .which = which,
                                           .form = form,
                                           .dropped = pump->streams[index].dropped};
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return watch(pump, index, EPOLL_CTL_ADD);
}

void pump_match(struct pump *pump, uint32_t process, const void *pattern)
{
    for (uint32_t i = 0; i < pump->count; i++) {
        struct stream *stream = &pump->streams[i];
        if (stream->process != process || stream->fd < 0)
            continue;
        free(stream->match);
        stream->match = calloc(1, sizeof *stream->match);
        if (stream->match)
            stream->match->pattern = pattern;
    }
}

static void look(struct pump *pump, struct stream *stream, const char *at, size_t length)
{
    if (!stream->match || !match_feed(stream->match, at, length))
        return;
    for (uint32_t i = 0; i < pump->count; i++)
        if (pump->streams[i].process == stream->process) {
            free(pump->streams[i].match);
            pump->streams[i].match = NULL;
        }
    pump_matched(stream->process);
}

static void hold(struct pump *pump, uint32_t index)
{
    struct stream *stream = &pump->streams[index];
    struct sink *sink = sink_of(stream->which);
    if (stream->stuck_since_ms)
        return;
    stream->stuck_since_ms = clock_ms();
    stream->stuck_progress = sink_progress(sink);
    pump->stuck++;
    epoll_ctl(pump->epoll_fd, EPOLL_CTL_DEL, stream->fd, NULL);
    sink_want_room(sink, UNIT_MAX_BYTES);
}

static void release(struct pump *pump, uint32_t index)
{
    struct stream *stream = &pump->streams[index];
    pump->stuck -= stream->stuck_since_ms ? 1 : 0;
    if (stream->stuck_since_ms && stream->fd >= 0)
        watch(pump, index, EPOLL_CTL_ADD);
    stream->stuck_since_ms = 0;
}

static void close_stream(struct pump *pump, struct stream *stream)
{
    /* Nobody will write the rest of it. */
    if (stream_put_kept(pump, stream, true, true))
        stream_drop_kept(pump, stream);
    stream_set_partial(pump, stream, false);
    close(stream->fd);
    stream->fd = -1;
    free(stream->match);
    free(stream->form);
    stream->match = NULL;
    stream->form = NULL;
}

/* True: the sink is full. */
static bool take(struct pump *pump, struct stream *stream, size_t length)
{
    char *at = read_buffer + AHEAD_BYTES, *end = at + length;
    bool full = false;
    if (stream->which == 2 && !stream->tail)
        stream->tail = calloc(1, sizeof *stream->tail);
    if (stream->tail)
        tail_add(stream->tail, at, length);
    look(pump, stream, at, length);
    pump_heard(stream->process, stream->which, at, length);
    if (stream->dropping) {
        stream_drop(stream, at, end);
        return false;
    }
    memset(end, 0, SPARE_BYTES);
    if (stream->kept_length > AHEAD_BYTES) {
        stream_keep(pump, stream, at, end);
        return stream_put_kept(pump, stream, false, false);
    }
    at -= stream->kept_length;
    if (stream->kept_length)
        memcpy(at, stream->kept, stream->kept_length);
    stream->kept_length = 0;
    const char *rest = stream_put(stream, at, end, false, false, &full);
    stream_keep(pump, stream, rest, end);
    stream_set_partial(pump, stream, false);
    stream_set_partial(pump, stream, stream->kept_length > 0 && !full);
    return full;
}

enum outcome { NOTHING_MORE, MORE, FULL };

static enum outcome read_once(struct pump *pump, struct stream *stream)
{
    ssize_t n = read(stream->fd, read_buffer + AHEAD_BYTES, READ_BYTES);
    if (n < 0)
        return errno == EINTR ? MORE : NOTHING_MORE;
    if (n == 0) {
        close_stream(pump, stream);
        return NOTHING_MORE;
    }
    if (n == READ_BYTES && !stream->grown) {
        /* Fewer turns for the two of them; where it is refused, nothing is lost. */
        stream->grown = true;
        fcntl(stream->fd, F_SETPIPE_SZ, PIPE_BYTES);
    }
    if (take(pump, stream, (size_t)n))
        return FULL;
    /* An end is seen by the next turn. */
    return n < READ_BYTES ? NOTHING_MORE : MORE;
}

void pump_readable(struct pump *pump, uint32_t index)
{
    struct stream *stream = &pump->streams[index];
    for (int i = 0; i < READS_PER_TURN && stream->fd >= 0 && !stream->stuck_since_ms; i++) {
        enum outcome outcome = read_once(pump, stream);
        /* The process waits, as it would for a slow pipe; after STUCK_MS lines are dropped. */
        if (outcome == FULL)
            hold(pump, index);
        if (outcome != MORE)
            return;
    }
}

static void tell_dropped(struct stream *stream)
{
    uint64_t lines = stream->dropped;
    stream->dropped = 0;
    if (lines)
        pump_dropped(stream->process, stream->which, lines);
}

void pump_room(struct pump *pump)
{
    size_t room;
    sink_woken();
    for (uint32_t i = 0; i < pump->count; i++) {
        /* Not always the same one first: it could take all the room there ever is. */
        uint32_t index = (pump->turn + i) % pump->count;
        struct stream *stream = &pump->streams[index];
        struct sink *sink = sink_of(stream->which);
        if (stream->fd < 0 || (!stream->dropping && !stream->stuck_since_ms))
            continue;
        if (!sink_reserve(sink, 1, &room)) {
            sink_want_room(sink, UNIT_MAX_BYTES);
        } else if (stream->dropping) {
            stream->dropping = false;
            tell_dropped(stream);
        } else if (stream_put_kept(pump, stream, false, false)) {
            sink_want_room(sink, UNIT_MAX_BYTES);
        } else {
            release(pump, index);
        }
    }
    pump->turn++;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

int64_t pump_next_wake_ms(const struct pump *pump)
{
    int64_t at = -1;
    for (uint32_t i = 0; i < pump->count && (pump->partials || pump->stuck); i++) {
        const struct stream *stream = &pump->streams[i];
        if (stream->partial_since_ms)
            at = sooner(at, stream->partial_since_ms + PARTIAL_MS);
        if (stream->stuck_since_ms)
            at = sooner(at, stream->stuck_since_ms + STUCK_MS);
    }
    return at;
}

/* Where the sink got on, its reader is slow and not stuck: nothing is lost. */
static void check_stuck(struct pump *pump, uint32_t index, int64_t now)
{
    struct stream *stream = &pump->streams[index];
    size_t progress = sink_progress(sink_of(stream->which));
    if (progress != stream->stuck_progress) {
        stream->stuck_since_ms = now;
        stream->stuck_progress = progress;
        return;
    }
    stream_drop_kept(pump, stream);
    stream->dropping = true;
    release(pump, index);
    sink_want_room(sink_of(stream->which), UNIT_MAX_BYTES);
}

void pump_tick(struct pump *pump, int64_t now)
{
    for (uint32_t i = 0; i < pump->count && (pump->partials || pump->stuck); i++) {
        struct stream *stream = &pump->streams[i];
        if (stream->partial_since_ms && now >= stream->partial_since_ms + PARTIAL_MS &&
            stream_put_kept(pump, stream, true, false))
            hold(pump, i);
        if (stream->stuck_since_ms && now >= stream->stuck_since_ms + STUCK_MS)
            check_stuck(pump, i, now);
    }
}

/* What its pipe holds. False: the sink is full. */
static bool drain(struct pump *pump, uint32_t index)
{
    struct stream *stream = &pump->streams[index];
    if (stream->stuck_since_ms && stream_put_kept(pump, stream, false, false))
        return false;
    release(pump, index);
    for (int i = 0; i < DRAIN_READS && stream->fd >= 0; i++) {
        enum outcome outcome = read_once(pump, stream);
        if (outcome == FULL)
            hold(pump, index);
        if (outcome != MORE)
            return outcome != FULL;
    }
    return true;
}

/*
 * The reader may just be a little behind; one that is stuck costs this much
 * once. False: there is more than it takes.
 */
static bool drain_patiently(struct pump *pump, uint32_t index, int64_t until_ms)
{
    bool known = pump->streams[index].dropping;
    while (!drain(pump, index))
        if (known || clock_ms() >= until_ms || !sinks_drain(STILL_MS))
            return false;
    struct stream *stream = &pump->streams[index];
    if (stream->fd < 0 || !stream_put_kept(pump, stream, true, true))
        return true;
    hold(pump, index);
    return false;
}

void pump_process_ended(struct pump *pump, uint32_t process)
{
    int64_t until = clock_ms() + DRAIN_MS;
    for (uint32_t i = 0; i < pump->count; i++)
        if (pump->streams[i].process == process && pump->streams[i].fd >= 0)
            drain_patiently(pump, i, until);
}

void pump_drain_all(struct pump *pump)
{
    int64_t until = clock_ms() + DRAIN_ALL_MS;
    bool stuck = false;
    for (uint32_t i = 0; i < pump->count; i++) {
        struct stream *stream = &pump->streams[i];
        if (stream->fd >= 0 && !drain_patiently(pump, i, stuck ? 0 : until)) {
            /* What it still holds is counted, and that is all that can be done. */
            stuck = true;
            stream_drop_kept(pump, stream);
            stream->dropping = true;
            drain(pump, i);
        }
        tell_dropped(stream);
    }
}

size_t pump_tail(const struct pump *pump, uint32_t process, char *out, size_t size, int lines)
{
    for (uint32_t i = pump->count; i-- > 0;)
        if (pump->streams[i].process == process && pump->streams[i].tail)
            return tail_lines(pump->streams[i].tail, out, size, lines);
    return 0;
}
