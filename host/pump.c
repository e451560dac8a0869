/* Pipes in, whole lines out. */
#include "pump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "match.h"
#include "tail.h"

enum {
    READ_BYTES = 1 << 14,
    /* A line longer than this is passed on in parts; it has to fit the sink with its prefix. */
    LINE_MAX_BYTES = 1 << 13,
    PARTIAL_MS = 100,
    STUCK_MS = 5000,
    /* One process that never stops writing must not keep the loop from the others. */
    READS_PER_TURN = 8,
    DRAIN_MS = 200,
};

struct stream {
    int fd;
    uint32_t process;
    int which;
    enum pump_mode mode;
    char *prefix;
    size_t prefix_length;
    /* What came after the last newline. */
    char *partial;
    size_t partial_length;
    int64_t partial_since_ms;
    /* Not read while the sink is full, until then; 0: is read. */
    int64_t stuck_since_ms;
    bool dropping;
    uint64_t dropped;
    /* Of stderr only, from its first output. */
    struct tail *tail;
    /* Looked for in the first bytes of each line, until it is found. */
    struct match *match;
};

struct pump {
    int epoll_fd;
    uint32_t tag;
    struct stream *streams;
    uint32_t count;
    uint32_t partials, stuck;
};

static char read_buffer[READ_BYTES];

static int64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

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
        stream->tail = NULL;
        return i;
    }
    return pump->count;
}

int pump_add(struct pump *pump, uint32_t process, int which, int fd, const char *prefix,
             size_t prefix_length, enum pump_mode mode)
{
    uint32_t index = index_for(pump, process, which);
    char *copy = malloc(prefix_length + 1);
    if (!copy)
        return -ENOMEM;
    if (index == pump->count) {
        struct stream *streams = realloc(pump->streams, (index + 1) * sizeof *streams);
        if (!streams) {
            free(copy);
            return -ENOMEM;
        }
        pump->streams = streams;
        pump->count++;
    }
    memcpy(copy, prefix, prefix_length);
    pump->streams[index] = (struct stream){.fd = fd, .process = process, .which = which,
                                           .mode = mode, .prefix = copy,
                                           .prefix_length = prefix_length};
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return watch(pump, index, EPOLL_CTL_ADD);
}

/* One unit: prefix, what is kept of the line, the rest of it, and a newline where one is due. */
static void emit(struct stream *stream, const char *bytes, size_t length, bool newline)
{
    struct sink *sink = sink_of(stream->which);
    bool prefixed = stream->mode == PUMP_PREFIX;
    struct iovec pieces[4] = {
        {stream->prefix, prefixed ? stream->prefix_length : 0},
        {stream->partial, stream->partial_length},
        {(char *)bytes, length},
        {"\n", newline ? 1 : 0},
    };
    size_t total = 0;
    for (int i = 0; i < 4; i++)
        total += pieces[i].iov_len;
    if (sink_dead(sink) || sink_room(sink) < total)
        stream->dropped++;
    else
        sink_put(sink, pieces, 4);
    stream->partial_length = 0;
}

static void forget_partial(struct pump *pump, struct stream *stream)
{
    pump->partials -= stream->partial_since_ms ? 1 : 0;
    stream->partial_since_ms = 0;
}

static void keep_partial(struct pump *pump, struct stream *stream, const char *bytes, size_t length)
{
    if (length == 0)
        return;
    if (!stream->partial)
        stream->partial = malloc(LINE_MAX_BYTES);
    if (!stream->partial || stream->partial_length + length > LINE_MAX_BYTES) {
        emit(stream, bytes, length, true);
        forget_partial(pump, stream);
        return;
    }
    memcpy(stream->partial + stream->partial_length, bytes, length);
    stream->partial_length += length;
    if (!stream->partial_since_ms) {
        stream->partial_since_ms = clock_ms();
        pump->partials++;
    }
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

static void take_lines(struct pump *pump, struct stream *stream, const char *at, size_t length)
{
    const char *end = at + length;
    if (stream->which == 2 && !stream->tail)
        stream->tail = calloc(1, sizeof *stream->tail);
    if (stream->tail)
        tail_add(stream->tail, at, length);
    look(pump, stream, at, length);
    pump_heard(stream->process, stream->which, at, length);
    if (stream->mode == PUMP_RAW) {
        emit(stream, at, length, false);
        return;
    }
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t most = LINE_MAX_BYTES - stream->partial_length;
        size_t size = (size_t)((newline ? newline : end) - at);
        if (size > most) {
            /* Too long for one unit: what fits goes out as a line, the rest follows as the next. */
            emit(stream, at, most, true);
            at += most;
        } else if (newline) {
            emit(stream, at, size, true);
            at += size + 1;
        } else {
            keep_partial(pump, stream, at, size);
            return;
        }
        forget_partial(pump, stream);
    }
}

static void flush_partial(struct pump *pump, struct stream *stream)
{
    if (stream->partial_length)
        emit(stream, "", 0, true);
    forget_partial(pump, stream);
}

static void unstick(struct pump *pump, struct stream *stream)
{
    pump->stuck -= stream->stuck_since_ms ? 1 : 0;
    stream->stuck_since_ms = 0;
}

static void close_stream(struct pump *pump, struct stream *stream)
{
    flush_partial(pump, stream);
    unstick(pump, stream);
    close(stream->fd);
    stream->fd = -1;
    free(stream->match);
    free(stream->prefix);
    free(stream->partial);
    stream->prefix = stream->partial = NULL;
    stream->match = NULL;
}

/*
 * How much may be read now so that all of it surely fits: at worst every byte
 * is a line of its own and grows by the prefix and a newline.
 */
static size_t readable_bytes(const struct stream *stream)
{
    size_t room = sink_room(sink_of(stream->which));
    size_t kept = LINE_MAX_BYTES + stream->prefix_length + 2;
    size_t growth = stream->mode == PUMP_PREFIX ? stream->prefix_length + 2 : 1;
    if (room < kept)
        return 0;
    return (room - kept) / growth < READ_BYTES ? (room - kept) / growth : READ_BYTES;
}

/* Less than this is not worth a read: wait until the writer has made room. */
enum { WORTH_BYTES = 256 };

/* False when there is nothing more to read. */
static bool read_once(struct pump *pump, struct stream *stream, size_t most)
{
    ssize_t n = read(stream->fd, read_buffer, most);
    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0)
        return false;
    if (n == 0) {
        close_stream(pump, stream);
        return false;
    }
    take_lines(pump, stream, read_buffer, (size_t)n);
    return true;
}

static void hold(struct pump *pump, uint32_t index)
{
    struct stream *stream = &pump->streams[index];
    if (stream->stuck_since_ms)
        return;
    stream->stuck_since_ms = clock_ms();
    pump->stuck++;
    epoll_ctl(pump->epoll_fd, EPOLL_CTL_DEL, stream->fd, NULL);
    sink_want_room(sink_of(stream->which));
}

void pump_readable(struct pump *pump, uint32_t index)
{
    struct stream *stream = &pump->streams[index];
    for (int i = 0; i < READS_PER_TURN && stream->fd >= 0; i++) {
        /* The process waits, as it would for a slow pipe; after STUCK_MS lines are dropped. */
        size_t most = readable_bytes(stream);
        if (!stream->dropping && most < WORTH_BYTES) {
            hold(pump, index);
            return;
        }
        if (!read_once(pump, stream, stream->dropping ? READ_BYTES : most))
            return;
    }
}

void pump_room(struct pump *pump)
{
    sink_woken();
    for (uint32_t i = 0; i < pump->count; i++) {
        struct stream *stream = &pump->streams[i];
        if (stream->fd < 0)
            continue;
        stream->dropping = false;
        if (stream->stuck_since_ms)
            watch(pump, i, EPOLL_CTL_ADD);
        unstick(pump, stream);
    }
}

int64_t pump_next_wake_ms(const struct pump *pump)
{
    int64_t at = -1;
    for (uint32_t i = 0; i < pump->count && (pump->partials || pump->stuck); i++) {
        const struct stream *stream = &pump->streams[i];
        int64_t partial = stream->partial_since_ms ? stream->partial_since_ms + PARTIAL_MS : -1;
        int64_t stuck = stream->stuck_since_ms ? stream->stuck_since_ms + STUCK_MS : -1;
        if (partial >= 0 && (at < 0 || partial < at))
            at = partial;
        if (stuck >= 0 && (at < 0 || stuck < at))
            at = stuck;
    }
    return at;
}

void pump_tick(struct pump *pump, int64_t now)
{
    for (uint32_t i = 0; i < pump->count && (pump->partials || pump->stuck); i++) {
        struct stream *stream = &pump->streams[i];
        if (stream->partial_since_ms && now >= stream->partial_since_ms + PARTIAL_MS)
            flush_partial(pump, stream);
        if (stream->stuck_since_ms && now >= stream->stuck_since_ms + STUCK_MS) {
            stream->dropping = true;
            unstick(pump, stream);
            watch(pump, i, EPOLL_CTL_ADD);
        }
    }
}

static void drain(struct pump *pump, struct stream *stream)
{
    /* Bounded: a process left behind could write for ever. 64 KB is what a pipe holds. */
    for (int i = 0; i < 64 && stream->fd >= 0; i++) {
        size_t most = stream->dropping ? READ_BYTES : readable_bytes(stream);
        /* The writer may just be a little behind; one that is stuck costs this much once. */
        if (most < WORTH_BYTES)
            sinks_drain(DRAIN_MS);
        if (most < WORTH_BYTES)
            most = readable_bytes(stream);
        if (most < WORTH_BYTES || !read_once(pump, stream, most))
            return;
    }
}

void pump_process_ended(struct pump *pump, uint32_t process)
{
    for (uint32_t i = 0; i < pump->count; i++)
        if (pump->streams[i].process == process)
            drain(pump, &pump->streams[i]);
}

static void say_dropped(const struct stream *stream)
{
    char text[160];
    int n = snprintf(text, sizeof text,
                     "tandem: output: %llu lines dropped, the reader of std%s was stuck or gone\n",
                     (unsigned long long)stream->dropped, stream->which == 1 ? "out" : "err");
    struct iovec piece = {text, (size_t)n};
    if (stream->dropped && sink_room(sink_of(2)) >= (size_t)n)
        sink_put(sink_of(2), &piece, 1);
}

void pump_drain_all(struct pump *pump)
{
    for (uint32_t i = 0; i < pump->count; i++) {
        struct stream *stream = &pump->streams[i];
        if (stream->fd >= 0) {
            drain(pump, stream);
            flush_partial(pump, stream);
        }
        say_dropped(stream);
    }
}

size_t pump_tail(const struct pump *pump, uint32_t process, char *out, size_t size, int lines)
{
    for (uint32_t i = pump->count; i-- > 0;)
        if (pump->streams[i].process == process && pump->streams[i].tail)
            return tail_lines(pump->streams[i].tail, out, size, lines);
    return 0;
}
