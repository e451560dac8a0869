/* Tandem's own lines on stderr, through the same writer as everybody's, so that order is kept. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "entry.h"
#include "host.h"

enum { TAIL_LINES = 5, TEXT_BYTES = 4096, ENTRY_BYTES = 6 * TEXT_BYTES, AROUND_BYTES = 256 };

size_t log_entry(char *to, size_t size, enum level level, const char *text, size_t length)
{
    static const char *const around[] = {
        "{\"severity\":\"", "\",", "\"message\":\"",
        "\"," ENTRY_LABELS "{\"process\":\"tandem\"}}\n",
    };
    char *from = to, *limit = to + size - AROUND_BYTES;
    to = stpcpy(stpcpy(stpcpy(to, around[0]), level_name(level)), around[1]);
    if (host.own_logs.times && !host.taken_down) {
        to = stpcpy(to, "\"time\":\"");
        to += form_stamp(to, 6);
        to = stpcpy(to, "\",");
    }
    to = entry_text(stpcpy(to, around[2]), limit, text, length);
    return (size_t)(stpcpy(to, around[3]) - from);
}

/* Never waits for a stuck reader: what does not fit is lost, the exit code is not. */
static void put(const char *text, size_t length)
{
    struct iovec piece = {(void *)text, length};
    sink_put(sink_of(2), &piece, 1);
}

void log_block(const char *text, size_t length)
{
    put(text, length);
}

/* Each of the last lines, indented, behind a newline; the place behind them. */
static char *add_tail(char *to, const char *end, uint32_t process)
{
    char text[TEXT_BYTES / 2];
    size_t length = pump_tail(host.pump, process, text, sizeof text, TAIL_LINES);
    for (size_t i = 0; i < length && end - to > 6; i++) {
        if (i == 0 || text[i - 1] == '\n')
            to = stpcpy(to, "\n    ");
        if (text[i] != '\n')
            *to++ = text[i];
    }
    return to;
}

void log_line(enum level level, const char *text, size_t length, int64_t tail)
{
    /* Only the loop's thread speaks. */
    static char whole[TEXT_BYTES], entry[ENTRY_BYTES];
    char *to = whole, *end = whole + sizeof whole - 1;
    bool json = host.own_logs.kind == FORM_JSON;
    if (host.own_logs.times && !json) {
        to += form_stamp(to, 3);
        *to++ = ' ';
    }
    length = length < (size_t)(end - to) ? length : (size_t)(end - to);
    memcpy(to, text, length);
    to += length;
    if (tail >= 0)
        to = add_tail(to, end, (uint32_t)tail);
    if (json) {
        put(entry, log_entry(entry, sizeof entry, level, whole, (size_t)(to - whole)));
    } else {
        *to++ = '\n';
        put(whole, (size_t)(to - whole));
    }
}

void pump_dropped(uint32_t process, int which, uint64_t lines)
{
    char text[TEXT_BYTES / 8];
    int n = snprintf(text, sizeof text,
                     "tandem: %.*s: %llu lines of std%s were dropped: their reader was stuck or gone",
                     FORM_NAME_BYTES, host.children[process].name, (unsigned long long)lines,
                     which == 1 ? "out" : "err");
    log_line(LEVEL_WARNING, text, (size_t)n, -1);
}

static const struct {
    int error;
    const char *name;
} names[] = {
#define NAME(x) {x, #x}
    NAME(EPERM), NAME(ENOENT), NAME(EIO), NAME(ENXIO), NAME(E2BIG), NAME(ENOEXEC), NAME(EBADF),
    NAME(EAGAIN), NAME(ENOMEM), NAME(EACCES), NAME(EFAULT), NAME(EBUSY), NAME(EEXIST),
    NAME(ENOTDIR), NAME(EISDIR), NAME(EINVAL), NAME(ENFILE), NAME(EMFILE), NAME(ETXTBSY),
    NAME(EFBIG), NAME(ENOSPC), NAME(EROFS), NAME(EPIPE), NAME(ENAMETOOLONG), NAME(ELOOP),
    NAME(EADDRINUSE), NAME(EADDRNOTAVAIL), NAME(ENETUNREACH), NAME(ECONNRESET),
    NAME(ECONNREFUSED), NAME(ETIMEDOUT), NAME(EHOSTUNREACH), NAME(EAFNOSUPPORT),
    NAME(ECONNABORTED), NAME(ENOSYS), NAME(ELIBBAD), NAME(EILSEQ),
#undef NAME
};

const char *errno_name(int error)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].error == error)
            return names[i].name;
    return "EOTHER";
}
