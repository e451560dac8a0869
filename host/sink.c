/* A bounded buffer, and a writer thread for what can't be written at once, for each output. */
#include "sink.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 1 << 19,
    /* More than this only waits for one long unit: what lies here has to stay in the cache. */
    USUAL_BYTES = 1 << 17,
    /* As much as a pipe holds; a longer write would hide for long that it gets on. */
    WRITE_BYTES = 1 << 16,
    STACK_BYTES = 1 << 14,
};

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

/*
 * What waits lies in [from, to), or, when it has gone round, in [from, turn)
 * and then [0, to). Each unit lies in one piece. Only memory that is used
 * is ever touched: an empty buffer begins again at 0.
 */
struct sink {
    int fd;
    bool started, dead, busy, no_nowait;
    size_t wanted;
    pthread_mutex_t lock;
    pthread_cond_t filled, moved;
    size_t from, to, turn;
    size_t progress;
    char bytes[BUFFER_BYTES + SPARE_BYTES];
};

enum { SINKS = 3, EXTRA = 2 };

static struct sink sinks[SINKS];
static bool shared;
static int wake_fd = -1;

static void open_sink(struct sink *sink, int fd)
{
    sink->fd = fd;
    pthread_mutex_init(&sink->lock, NULL);
    pthread_cond_init(&sink->filled, NULL);
    pthread_cond_init(&sink->moved, NULL);
}

int sinks_open(void)
{
    struct stat out, err;
    wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_fd < 0)
        return -errno;
    open_sink(&sinks[0], 1);
    open_sink(&sinks[1], 2);
    /* The same file behind both: one writer, so that the order between them is kept. */
    shared = fstat(1, &out) == 0 && fstat(2, &err) == 0 && out.st_dev == err.st_dev &&
             out.st_ino == err.st_ino;
    return 0;
}

struct sink *sink_of(int fd)
{
    return fd == 2 && !shared ? &sinks[1] : &sinks[0];
}

struct sink *sink_extra(int fd)
{
    open_sink(&sinks[EXTRA], fd);
    return &sinks[EXTRA];
}

int sink_wake_fd(void)
{
    return wake_fd;
}

void sink_woken(void)
{
    uint64_t count;
    ssize_t ignored = read(wake_fd, &count, sizeof count);
    (void)ignored;
}

bool sink_dead(struct sink *sink)
{
    pthread_mutex_lock(&sink->lock);
    bool dead = sink->dead;
    pthread_mutex_unlock(&sink->lock);
    return dead;
}

size_t sink_progress(struct sink *sink)
{
    pthread_mutex_lock(&sink->lock);
    size_t progress = sink->progress;
    pthread_mutex_unlock(&sink->lock);
    return progress;
}

static size_t waiting(const struct sink *sink)
{
    return sink->turn ? sink->turn - sink->from + sink->to : sink->to - sink->from;
}

/* The room behind `to`, or from the beginning when only there it is enough; NULL: neither. */
static char *place(struct sink *sink, size_t want, size_t *room)
{
    if (sink->from == sink->to && !sink->turn)
        sink->from = sink->to = 0;
    size_t behind = BUFFER_BYTES - sink->to;
    if (sink->turn)
        behind = sink->from - sink->to > SPARE_BYTES ? sink->from - sink->to - SPARE_BYTES : 0;
    *room = behind;
    if (behind >= want)
        return sink->bytes + sink->to;
    if (sink->turn || sink->from < want + SPARE_BYTES + 1)
        return NULL;
    *room = sink->from - SPARE_BYTES;
    return sink->bytes;
}

char *sink_reserve(struct sink *sink, size_t want, size_t *room)
{
    pthread_mutex_lock(&sink->lock);
    size_t used = waiting(sink), usual = used < USUAL_BYTES ? USUAL_BYTES - used : 0;
    char *at = NULL;
    /* A short unit waits for its turn behind the others; a long one needs all that there is. */
    if (usual >= want || want > USUAL_BYTES / 2)
        at = place(sink, want, room);
    if (at) {
        if (at == sink->bytes && sink->to) {
            sink->turn = sink->to;
            sink->to = 0;
        }
        size_t most = usual > want ? usual : want;
        *room = *room < most ? *room : most;
    }
    pthread_mutex_unlock(&sink->lock);
    return at;
}

/* Called with the lock held. */
static void tell_of_room(struct sink *sink)
{
    size_t room;
    bool usual = waiting(sink) <= USUAL_BYTES / 2;
    if (!sink->wanted || !(sink->dead || (usual && place(sink, sink->wanted, &room))))
        return;
    uint64_t one = 1;
    sink->wanted = 0;
    ssize_t ignored = write(wake_fd, &one, sizeof one);
    (void)ignored;
}

/* Called with the lock held. */
static void advance(struct sink *sink, size_t n)
{
    sink->progress += n;
    while (n) {
        size_t end = sink->turn ? sink->turn : sink->to;
        size_t part = n < end - sink->from ? n : end - sink->from;
        sink->from += part;
        n -= part;
        if (sink->from == sink->turn)
            sink->from = sink->turn = 0;
    }
    tell_of_room(sink);
    if (!waiting(sink) || sink->dead)
        pthread_cond_broadcast(&sink->moved);
}

static void die(struct sink *sink)
{
    sink->dead = true;
    advance(sink, waiting(sink));
}

void sink_want_room(struct sink *sink, size_t want)
{
    pthread_mutex_lock(&sink->lock);
    sink->wanted = want;
    tell_of_room(sink);
    pthread_mutex_unlock(&sink->lock);
}

static void *writer(void *argument)
{
    struct sink *sink = argument;
    pthread_mutex_lock(&sink->lock);
    for (;;) {
        while (!waiting(sink))
            pthread_cond_wait(&sink->filled, &sink->lock);
        size_t n = (sink->turn ? sink->turn : sink->to) - sink->from;
        const char *at = sink->bytes + sink->from;
        sink->busy = true;
        pthread_mutex_unlock(&sink->lock);
        /* Only here may a stuck reader hold anybody: what waits stays where it is. */
        ssize_t wrote = write(sink->fd, at, n < WRITE_BYTES ? n : WRITE_BYTES);
        int error = errno;
        /* EAGAIN: somebody else made it non-blocking; wait like a blocking write would. */
        if (wrote < 0 && error == EAGAIN) {
            struct pollfd wait = {.fd = sink->fd, .events = POLLOUT};
            poll(&wait, 1, 1000);
        }
        pthread_mutex_lock(&sink->lock);
        sink->busy = false;
        if (wrote >= 0)
            advance(sink, (size_t)wrote);
        else if (error != EINTR && error != EAGAIN)
            die(sink);
    }
    return NULL;
}

/* Started when it is first needed: a supervisor whose reader keeps up has one thread. */
static void start_writer(struct sink *sink)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    /* Signals are blocked in the thread that creates it, and so in this one (pthread_create(3)). */
    /* No room for a thread: the bytes wait in the buffer for one, or for the last words. */
    sink->started = pthread_create(&thread, &attributes, writer, sink) == 0;
    pthread_attr_destroy(&attributes);
}

/* With the lock held: what goes out without waiting for anybody (pwritev2(2)). */
static void write_at_once(struct sink *sink)
{
    while (waiting(sink) && !sink->no_nowait) {
        struct iovec pieces[2] = {
            {sink->bytes + sink->from, (sink->turn ? sink->turn : sink->to) - sink->from},
            {sink->bytes, sink->turn ? sink->to : 0},
        };
        ssize_t wrote = syscall(SYS_pwritev2, sink->fd, pieces, sink->turn ? 2L : 1L, -1L, -1L,
                                RWF_NOWAIT);
        if (wrote > 0)
            advance(sink, (size_t)wrote);
        else if (wrote < 0 && errno == EPIPE)
            die(sink);
        else if (wrote == 0 || errno == EAGAIN)
            return;
        else if (errno != EINTR)
            /* Terminals, most files, old kernels and gVisor can't say; the thread finds out. */
            sink->no_nowait = true;
    }
}

void sink_commit(struct sink *sink, size_t length)
{
    pthread_mutex_lock(&sink->lock);
    sink->to += sink->dead ? 0 : length;
    if (!sink->busy)
        write_at_once(sink);
    if (waiting(sink) && !sink->started)
        start_writer(sink);
    if (waiting(sink))
        pthread_cond_signal(&sink->filled);
    pthread_mutex_unlock(&sink->lock);
}

bool sink_put(struct sink *sink, const struct iovec *pieces, int count)
{
    size_t total = 0, room;
    for (int i = 0; i < count; i++)
        total += pieces[i].iov_len;
    char *to = total <= UNIT_MAX_BYTES ? sink_reserve(sink, total, &room) : NULL;
    if (!to)
        return false;
    for (int i = 0; i < count; i++) {
        memcpy(to, pieces[i].iov_base, pieces[i].iov_len);
        to += pieces[i].iov_len;
    }
    sink_commit(sink, total);
    return true;
}

/* Without a thread, and with the lock held: what the other end takes at once. */
static void write_directly(struct sink *sink, int timeout_ms)
{
    struct pollfd wait = {.fd = sink->fd, .events = POLLOUT};
    while (waiting(sink) && poll(&wait, 1, timeout_ms) > 0) {
        size_t n = (sink->turn ? sink->turn : sink->to) - sink->from;
        /* As much as a pipe that is writable takes without blocking (pipe(7)). */
        ssize_t wrote = write(sink->fd, sink->bytes + sink->from, n < PIPE_BUF ? n : PIPE_BUF);
        if (wrote > 0)
            advance(sink, (size_t)wrote);
        else if (errno != EINTR && errno != EAGAIN)
            die(sink);
    }
}

/* With the lock held. False when nothing moved for that long. */
static bool drain_one(struct sink *sink, int timeout_ms)
{
    if (!sink->started)
        start_writer(sink);
    if (!sink->started)
        write_directly(sink, timeout_ms);
    while (waiting(sink)) {
        struct timespec until;
        size_t before = sink->progress;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
        until.tv_sec += timeout_ms / 1000 + until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (pthread_cond_timedwait(&sink->moved, &sink->lock, &until) && before == sink->progress)
            return false;
    }
    return true;
}

bool sinks_drain(int timeout_ms)
{
    bool all = true;
    for (int i = 0; i < SINKS; i++) {
        struct sink *sink = &sinks[i];
        pthread_mutex_lock(&sink->lock);
        if (waiting(sink))
            all = drain_one(sink, timeout_ms) && all;
        pthread_mutex_unlock(&sink->lock);
    }
    return all;
}
