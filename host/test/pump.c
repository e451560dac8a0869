/*
 * Goal: whatever way bytes arrive, whole lines leave, and none of them is changed.
 * Method: pipes written in pieces by a seeded sequence; what comes out is compared with what a
 * plain loop over the whole text would make of it.
 * With: match.c stream.c form.c entry.c level.c sink.c tail.c
 */
#include <regex.h>

#include "pumped.h"

enum { TEXT_BYTES = 600000, ROOM_BYTES = 8 * TEXT_BYTES };

static int output_fd;
/* Everything that was written to descriptor 1 so far. */
static char *written(size_t *length)
{
    static char text[ROOM_BYTES];
    sinks_drain(5000);
    ssize_t n = pread(output_fd, text, sizeof text - 1, 0);
    *length = n < 0 ? 0 : (size_t)n;
    text[*length] = '\0';
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
        bool rest = false;
        while (size > LINE_MAX_BYTES || !rest || size) {
            size_t part = size < LINE_MAX_BYTES ? size : LINE_MAX_BYTES;
            memcpy(out + n, rest ? "p + " : "p | ", 4);
            memcpy(out + n + 4, text + at, part);
            out[n + 4 + part] = '\n';
            n += part + 5;
            at += part;
            size -= part;
            rest = true;
        }
        at += newline ? 1 : 0;
    }
    return n;
}

static void some_text(char *text, uint32_t *seed)
{
    for (size_t i = 0; i < TEXT_BYTES; i++) {
        uint32_t r = next_random(seed);
        /* Mostly short lines; now and then one that is longer than any buffer, and once than a line. */
        bool ends = i < 300000 ? r % (i < 100000 ? 60 : 9000) == 0 : i > 580000 && r % 5 == 0;
        text[i] = ends ? '\n' : (char)(r >> 8);
        if (!ends && text[i] == '\n')
            text[i] = 'n';
    }
    text[TEXT_BYTES - 1] = '\n';
}

static void send(struct pump *pump, int epoll_fd, int fd, const char *text, size_t length,
                 uint32_t *seed)
{
    for (size_t at = 0; at < length;) {
        size_t size = 1 + next_random(seed) % (next_random(seed) % 8 ? 2000 : 65536);
        size = size < length - at ? size : length - at;
        size = size < 65536 ? size : 65536;
        if (write(fd, text + at, size) != (ssize_t)size)
            abort();
        at += size;
        turn(pump, epoll_fd);
    }
}

static void pieces(uint32_t number)
{
    uint32_t seed = number;
    static char text[TEXT_BYTES], want[4 * TEXT_BYTES];
    int epoll_fd;
    char sentence[120];
    for (int kind = FORM_RAW; kind <= FORM_PREFIX; kind++) {
        struct pump *pump = open_pump(&epoll_fd);
        some_text(text, &seed);
        forget();
        lost_lines = 0;
        int fd = add(pump, 0, 1, (enum form_kind)kind);
        send(pump, epoll_fd, fd, text, TEXT_BYTES, &seed);
        close(fd);
        turn(pump, epoll_fd);
        pump_drain_all(pump);
        size_t got_length, want_length = TEXT_BYTES;
        if (kind == FORM_PREFIX)
            want_length = expected(text, TEXT_BYTES, want);
        else
            memcpy(want, text, TEXT_BYTES);
        const char *got = written(&got_length);
        snprintf(sentence, sizeof sentence, "lines come out as they went in (form %d, seed %u)",
                 kind, number);
        claim(got_length == want_length && memcmp(got, want, want_length) == 0, sentence);
        claim(lost_lines == 0, "none is dropped");
        drop_pump(pump, epoll_fd);
    }
}

static void tails(void)
{
    int epoll_fd;
    char out[256];
    struct pump *pump = open_pump(&epoll_fd);
    int fd = add(pump, 7, 2, FORM_PREFIX);
    dprintf(fd, "one\ntwo\nthree\nfour");
    close(fd);
    pump_process_ended(pump, 7);
    size_t n = pump_tail(pump, 7, out, sizeof out, 2);
    claim(n == 10 && memcmp(out, "three\nfour", n) == 0, "the last lines of stderr are kept");
    claim(pump_tail(pump, 8, out, sizeof out, 2) == 0, "and only of the process that wrote them");
    drop_pump(pump, epoll_fd);
}

static const char *partial_of(enum form_kind kind, const char *first, const char *second)
{
    int epoll_fd;
    size_t length;
    struct pump *pump = open_pump(&epoll_fd);
    forget();
    int fd = add(pump, 0, 1, kind);
    dprintf(fd, "%s", first);
    turn(pump, epoll_fd);
    written(&length);
    claim(length == 0, "a line without its end waits for it");
    claim(pump_next_wake_ms(pump) > 0, "for a bounded time");
    pump_tick(pump, clock_ms() + PARTIAL_MS + 1);
    written(&length);
    claim(length > 0, "and then goes out");
    claim(pump_next_wake_ms(pump) < 0, "after which nothing is waited for");
    dprintf(fd, "%s", second);
    close(fd);
    turn(pump, epoll_fd);
    drop_pump(pump, epoll_fd);
    return written(&length);
}

static void partial(void)
{
    claim(strcmp(partial_of(FORM_PREFIX, "half", " more\nnext\n"),
                 "p | half\np +  more\np | next\n") == 0,
          "the rest of a line is marked as such");
    claim(strcmp(partial_of(FORM_PREFIX, "half", "\nnext\n"), "p | half\np | next\n") == 0,
          "an empty rest is not shown");
    claim(strcmp(partial_of(FORM_RAW, "half", " more\nnext"), "half more\nnext") == 0,
          "nothing is added to what goes through as it is");
    static const char json[] =
        "{\"severity\":\"WARNING\",\"message\":\"WARN a\",\"logging.googleapis.com/labels\":"
        "{\"process\":\"p\",\"partial\":\"start\"}}\n"
        "{\"severity\":\"WARNING\",\"message\":\"b\",\"logging.googleapis.com/labels\":"
        "{\"process\":\"p\",\"partial\":\"end\"}}\n";
    claim(strcmp(partial_of(FORM_JSON, "WARN a", "b\n"), json) == 0,
          "both parts of a line have its level, and say that they are parts");
}

static void cut_character(void)
{
    int epoll_fd;
    size_t length;
    struct pump *pump = open_pump(&epoll_fd);
    forget();
    int fd = add(pump, 0, 1, FORM_JSON);
    dprintf(fd, "ab\xe2\x82");
    turn(pump, epoll_fd);
    pump_tick(pump, clock_ms() + PARTIAL_MS + 1);
    dprintf(fd, "\xac\n");
    turn(pump, epoll_fd);
    const char *got = written(&length);
    claim(strstr(got, "\"message\":\"ab\"") && strstr(got, "\"message\":\"\xe2\x82\xac\""),
          "a character is not cut where a line is");
    drop_pump(pump, epoll_fd);
    close(fd);
}

static void matching(void)
{
    int epoll_fd;
    regex_t pattern;
    struct pump *pump = open_pump(&epoll_fd);
    forget();
    if (regcomp(&pattern, "^Listening on [0-9]+$", REG_EXTENDED | REG_NOSUB))
        abort();
    int fd = add(pump, 5, 1, FORM_RAW);
    pump_match(pump, 5, &pattern);
    dprintf(fd, "not yet Listening on 80\nListen");
    turn(pump, epoll_fd);
    claim(matched == 0, "a line that doesn't fit is passed over, half a line waits");
    dprintf(fd, "ing on 8081\n");
    turn(pump, epoll_fd);
    claim(matched == 1, "a line that comes in pieces fits as a whole");
    dprintf(fd, "Listening on 8081\n");
    close(fd);
    pump_process_ended(pump, 5);
    claim(matched == 1, "once is enough");
    size_t length;
    claim(memcmp(written(&length), "not yet Listening on 80\nListening", 33) == 0,
          "and the bytes are passed on as they were");
    regfree(&pattern);
    drop_pump(pump, epoll_fd);
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
    cut_character();
    tails();
    matching();
    return verdict();
}
