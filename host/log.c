/* Tandem's own lines on stderr, through the same writer as everybody's, so that order is kept. */
#include <errno.h>
#include <string.h>

#include "host.h"

static void put(const char *text, size_t length)
{
    struct iovec piece = {(void *)text, length};
    struct sink *sink = sink_of(2);
    /* Never wait for a stuck reader: what does not fit is lost, the exit code is not. */
    if (sink_room(sink) >= length)
        sink_put(sink, &piece, 1);
}

void log_text(const char *text, size_t length)
{
    struct iovec pieces[2] = {{(void *)text, length}, {"\n", 1}};
    struct sink *sink = sink_of(2);
    if (sink_room(sink) > length)
        sink_put(sink, pieces, 2);
}

void log_block(const char *text, size_t length)
{
    put(text, length);
}

enum { TAIL_LINES = 5 };

void log_tail(uint32_t process)
{
    char text[4096];
    size_t length = pump_tail(host.pump, process, text, sizeof text, TAIL_LINES);
    const char *at = text, *end = text + length;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t size = stop ? (size_t)(stop - at) + 1 : (size_t)(end - at);
        put("    ", 4);
        put(at, size);
        if (!stop)
            put("\n", 1);
        at += size;
    }
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
