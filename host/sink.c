/* A bounded ring and a writer thread for each distinct output. */
#include "sink.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { RING_BYTES = 1 << 16, STACK_BYTES = 1 << 14 };

struct sink {
    int fd;
    bool started, dead, wants_room;
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    /* Positions only grow; the ring holds what lies between them. */
    size_t written, filled_to;
    uint8_t ring[RING_BYTES];
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
    pthread_cond_init(&sink->emptied, NULL);
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

size_t sink_room(struct sink *sink)
{
    pthread_mutex_lock(&sink->lock);
    size_t room = sink->dead ? RING_BYTES : RING_BYTES - (sink->filled_to - sink->written);
    pthread_mutex_unlock(&sink->lock);
    return room;
}

void sink_want_room(struct sink *sink)
{
    pthread_mutex_lock(&sink->lock);
    sink->wants_room = true;
    pthread_mutex_unlock(&sink->lock);
}

/* Called with the lock held. */
static void advance(struct sink *sink, size_t n)
{
    sink->written += n;
    if (sink->wants_room && (sink->dead || sink->filled_to - sink->written <= RING_BYTES / 2)) {
        uint64_t one = 1;
        sink->wants_room = false;
        ssize_t ignored = write(wake_fd, &one, sizeof one);
        (void)ignored;
    }
    if (sink->written == sink->filled_to)
        pthread_cond_broadcast(&sink->emptied);
}

static void *writer(void *argument)
{
    struct sink *sink = argument;
    pthread_mutex_lock(&sink->lock);
    for (;;) {
        while (sink->written == sink->filled_to)
            pthread_cond_wait(&sink->filled, &sink->lock);
        size_t at = sink->written % RING_BYTES, n = sink->filled_to - sink->written;
        if (n > RING_BYTES - at)
            n = RING_BYTES - at;
        pthread_mutex_unlock(&sink->lock);
        /* Only here may a stuck reader hold anybody: what lies before filled_to stays put. */
        ssize_t wrote = write(sink->fd, sink->ring + at, n);
        int error = errno;
        pthread_mutex_lock(&sink->lock);
        if (wrote < 0 && (error == EINTR || error == EAGAIN)) {
            struct timespec turn = {0, 5000000};
            pthread_mutex_unlock(&sink->lock);
            /* EAGAIN: somebody else made it non-blocking; wait like a blocking write would. */
            if (error == EAGAIN)
                nanosleep(&turn, NULL);
            pthread_mutex_lock(&sink->lock);
        } else if (wrote < 0) {
            sink->dead = true;
            advance(sink, sink->filled_to - sink->written);
        } else {
            advance(sink, (size_t)wrote);
        }
    }
    return NULL;
}

/* Started at the first output: a supervisor that says nothing has one thread. */
static void start_writer(struct sink *sink)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    /* Signals are blocked in the thread that creates it, and so in this one (pthread_create(3)). */
    /* No room for a thread: the bytes wait in the ring for one, or for the last words. */
    sink->started = pthread_create(&thread, &attributes, writer, sink) == 0;
    pthread_attr_destroy(&attributes);
}

/* Without a thread, and with the lock held: what the other end takes at once. */
static void write_directly(struct sink *sink, int timeout_ms)
{
    struct pollfd wait = {.fd = sink->fd, .events = POLLOUT};
    while (sink->written != sink->filled_to && poll(&wait, 1, timeout_ms) > 0) {
        size_t at = sink->written % RING_BYTES, n = sink->filled_to - sink->written;
        n = n > RING_BYTES - at ? RING_BYTES - at : n;
        /* As much as a pipe that is writable takes without blocking (pipe(7)). */
        ssize_t wrote = write(sink->fd, sink->ring + at, n < PIPE_BUF ? n : PIPE_BUF);
        if (wrote < 0 && errno != EINTR && errno != EAGAIN)
            sink->written = sink->filled_to;
        sink->written += wrote > 0 ? (size_t)wrote : 0;
    }
}

void sink_put(struct sink *sink, const struct iovec *pieces, int count)
{
    pthread_mutex_lock(&sink->lock);
    if (!sink->started && !sink->dead)
        start_writer(sink);
    for (int i = 0; i < count && !sink->dead; i++) {
        const uint8_t *from = pieces[i].iov_base;
        size_t at = sink->filled_to % RING_BYTES, n = pieces[i].iov_len;
        size_t first = n < RING_BYTES - at ? n : RING_BYTES - at;
        if (n == 0)
            continue;
        memcpy(sink->ring + at, from, first);
        memcpy(sink->ring, from + first, n - first);
        sink->filled_to += n;
    }
    pthread_cond_signal(&sink->filled);
    pthread_mutex_unlock(&sink->lock);
}

void sinks_drain(int timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    until.tv_sec += timeout_ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    for (int i = 0; i < SINKS; i++) {
        struct sink *sink = &sinks[i];
        if (sink->filled_to == 0 && !sink->started)
            continue;
        pthread_mutex_lock(&sink->lock);
        if (!sink->started)
            start_writer(sink);
        if (!sink->started)
            write_directly(sink, timeout_ms);
        while (sink->written != sink->filled_to &&
               pthread_cond_timedwait(&sink->emptied, &sink->lock, &until) == 0)
            ;
        pthread_mutex_unlock(&sink->lock);
    }
}
