/*
 * Goal: whatever way bytes arrive, whole lines leave, and none of them is changed.
 * Method: pipes written in pieces by a seeded sequence; what comes out is compared
 * with what a plain loop over the whole text would make of it.
 */
#include "../match.c"
#include "../pump.c"
#include "../sink.c"
#include "../tail.c"

#include <sys/wait.h>

#include "check.h"

enum { TEXT_BYTES = 300000 };

static int output_fd;
static int matched;

void pump_heard(uint32_t process, int which, const char *bytes, size_t length)
{
    (void)process;
    (void)which;
    (void)bytes;
    (void)length;
}

void pump_matched(uint32_t process)
{
    matched += process == 5;
}

/* Everything that was written to descriptor 1 so far. */
static char *written(size_t *length)
{
    static char text[4 * TEXT_BYTES];
    sinks_drain(2000);
    ssize_t n = pread(output_fd, text, sizeof text, 0);
    *length = n < 0 ? 0 : (size_t)n;
    return text;
}

static void forget(void)
{
    if (ftruncate(output_fd, 0) || lseek(output_fd, 0, SEEK_SET))
        abort();
}

static size_t expected(const char *text, size_t length, char *out)
{
    size_t n = 0;
    for (size_t at = 0; at < length;) {
        const char *newline = memchr(text + at, '\n', length - at);
        size_t size = (newline ? (size_t)(newline - text) : length) - at;
        size_t part = size < LINE_MAX_BYTES ? size : LINE_MAX_BYTES;
        memcpy(out + n, "p | ", 4);
        memcpy(out + n + 4, text + at, part);
        out[n + 4 + part] = '\n';
        n += part + 5;
        at += part + (part == size ? 1 : 0);
    }
    return n;
}

static void some_text(char *text, uint32_t *seed)
{
    for (size_t i = 0; i < TEXT_BYTES; i++) {
        uint32_t r = next_random(seed);
        /* Mostly short lines; now and then one that is longer than any buffer. */
        bool ends = (i / 40000) % 2 ? r % 60 == 0 : r % 9000 == 0;
        text[i] = ends ? '\n' : (char)(r >> 8);
        if (!ends && text[i] == '\n')
            text[i] = 'n';
    }
    text[TEXT_BYTES - 1] = '\n';
}

static struct pump *open_pump(int *epoll_fd)
{
    *epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return pump_open(*epoll_fd, 3);
}

static void pieces(uint32_t number)
{
    uint32_t seed = number;
    static char text[TEXT_BYTES], want[4 * TEXT_BYTES];
    int fds[2], epoll_fd;
    struct pump *pump = open_pump(&epoll_fd);
    some_text(text, &seed);
    forget();
    if (pipe2(fds, O_CLOEXEC) || pump_add(pump, 0, 1, fds[0], "p | ", 4, PUMP_PREFIX))
        abort();
    for (size_t at = 0; at < TEXT_BYTES;) {
        size_t size = 1 + next_random(&seed) % 20000;
        size = size < TEXT_BYTES - at ? size : TEXT_BYTES - at;
        if (write(fds[1], text + at, size) != (ssize_t)size)
            abort();
        at += size;
        while (pump->streams[0].stuck_since_ms || pump->streams[0].fd >= 0) {
            struct epoll_event event;
            int waiting = 0;
            pump_readable(pump, 0);
            if (pump->stuck) {
                sinks_drain(2000);
                pump_room(pump);
            }
            waiting = epoll_wait(epoll_fd, &event, 1, 0);
            if (waiting <= 0 && !pump->stuck)
                break;
        }
    }
    close(fds[1]);
    pump_process_ended(pump, 0);
    size_t got_length, want_length = expected(text, TEXT_BYTES, want);
    const char *got = written(&got_length);
    char sentence[120];
    snprintf(sentence, sizeof sentence, "lines come out as they went in (seed %u)", number);
    claim(got_length == want_length && memcmp(got, want, want_length) == 0, sentence);
    claim(pump->streams[0].dropped == 0, "none is dropped");
    close(epoll_fd);
    free(pump->streams[0].tail);
    free(pump->streams);
    free(pump);
}

static void tails(void)
{
    int fds[2], epoll_fd;
    char out[256];
    struct pump *pump = open_pump(&epoll_fd);
    if (pipe2(fds, O_CLOEXEC) || pump_add(pump, 7, 2, fds[0], "p | ", 4, PUMP_PREFIX))
        abort();
    dprintf(fds[1], "one\ntwo\nthree\nfour");
    close(fds[1]);
    pump_process_ended(pump, 7);
    size_t n = pump_tail(pump, 7, out, sizeof out, 2);
    claim(n == 10 && memcmp(out, "three\nfour", n) == 0, "the last lines of stderr are kept");
    claim(pump_tail(pump, 8, out, sizeof out, 2) == 0, "and only of the process that wrote them");
    close(epoll_fd);
    free(pump->streams[0].tail);
    free(pump->streams);
    free(pump);
}

static void partial(void)
{
    int fds[2], epoll_fd;
    size_t length;
    struct pump *pump = open_pump(&epoll_fd);
    forget();
    if (pipe2(fds, O_CLOEXEC) || pump_add(pump, 0, 1, fds[0], "p | ", 4, PUMP_PREFIX))
        abort();
    dprintf(fds[1], "half");
    pump_readable(pump, 0);
    written(&length);
    claim(length == 0, "a line without its end waits for it");
    claim(pump_next_wake_ms(pump) > 0, "for a bounded time");
    pump_tick(pump, clock_ms() + PARTIAL_MS + 1);
    const char *got = written(&length);
    claim(length == 9 && memcmp(got, "p | half\n", 9) == 0, "and then goes out as a line");
    claim(pump_next_wake_ms(pump) < 0, "after which nothing is waited for");
    close(fds[1]);
    pump_process_ended(pump, 0);
    close(epoll_fd);
    free(pump->streams);
    free(pump);
}

static void matching(void)
{
    int fds[2], epoll_fd;
    regex_t pattern;
    struct pump *pump = open_pump(&epoll_fd);
    forget();
    if (regcomp(&pattern, "^Listening on [0-9]+$", REG_EXTENDED | REG_NOSUB) ||
        pipe2(fds, O_CLOEXEC) || pump_add(pump, 5, 1, fds[0], "p | ", 4, PUMP_RAW))
        abort();
    pump_match(pump, 5, &pattern);
    dprintf(fds[1], "not yet Listening on 80\nListen");
    pump_readable(pump, 0);
    claim(matched == 0, "a line that doesn't fit is passed over, half a line waits");
    dprintf(fds[1], "ing on 8081\n");
    pump_readable(pump, 0);
    claim(matched == 1, "a line that comes in pieces fits as a whole");
    dprintf(fds[1], "Listening on 8081\n");
    close(fds[1]);
    pump_process_ended(pump, 5);
    claim(matched == 1, "once is enough");
    size_t length;
    claim(memcmp(written(&length), "not yet Listening on 80\nListening", 33) == 0,
          "and the bytes are passed on as they were");
    regfree(&pattern);
    close(epoll_fd);
    free(pump->streams);
    free(pump);
}

int main(void)
{
    /* What is claimed goes to the old stdout, what the sink writes to a file. */
    FILE *file = tmpfile();
    int claims = dup(1);
    output_fd = dup(fileno(file));
    dup2(output_fd, 1);
    stdout = fdopen(claims, "w");
    claim(sinks_open() == 0, "the outputs open");
    for (uint32_t seed = 1; seed <= 5; seed++)
        pieces(seed * 7919);
    partial();
    tails();
    matching();
    return verdict();
}
