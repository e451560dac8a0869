/*
 * The two ends of a measurement of pipes: a writer that costs nothing, and copies that do nothing
 * else.
 *
 *     pipe lines BYTES [LENGTH]   lines of LENGTH bytes (100), by vmsplice(2): no byte is copied
 *     pipe numbered COUNT TAG     lines `TAG 000001 …` up to COUNT, by write(2)
 *     pipe copy                   stdin to stdout by read(2) and write(2), 64 KB at once
 *     pipe splice                 the same by splice(2): no byte is touched
 *     pipe count LINES            reads so many lines, and ends
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { BUFFER = 1 << 20, PIECE = 1 << 16 };

static char buffer[BUFFER] __attribute__((aligned(4096)));

static int lines(unsigned long long bytes, size_t length)
{
    /* A whole number of lines, so that each round goes on where the last one ended. */
    size_t round = BUFFER / (length + 1) * (length + 1);
    static const char text[] = "The quick brown fox jumps over the lazy dog and runs away to tell 42 others. ";
    for (size_t i = 0; i < round; i++)
        buffer[i] = i % (length + 1) == length ? '\n' : text[i % (length + 1) % (sizeof text - 1)];
    fcntl(1, F_SETPIPE_SZ, BUFFER);
    for (unsigned long long done = 0; done < bytes;) {
        size_t at = done % round, n = round - at;
        if (n > bytes - done)
            n = (size_t)(bytes - done);
        struct iovec piece = {buffer + at, n};
        ssize_t wrote = vmsplice(1, &piece, 1, 0);
        if (wrote < 0 && (errno == EBADF || errno == EINVAL))
            wrote = write(1, buffer + at, n);
        if (wrote < 0)
            return 1;
        done += (unsigned long long)wrote;
    }
    return 0;
}

static int numbered(unsigned long count, const char *tag)
{
    size_t used = 0;
    for (unsigned long i = 1; i <= count; i++) {
        used += (size_t)snprintf(buffer + used, 256, "%s %07lu of %07lu and some more text\n", tag, i, count);
        if (used < PIECE && i < count)
            continue;
        for (size_t at = 0; at < used;) {
            ssize_t wrote = write(1, buffer + at, used - at);
            if (wrote < 0)
                return 1;
            at += (size_t)wrote;
        }
        used = 0;
    }
    return 0;
}

static int copy(void)
{
    ssize_t n;
    while ((n = read(0, buffer, PIECE)) > 0)
        if (write(1, buffer, (size_t)n) != n)
            return 1;
    return n < 0;
}

static int splice_all(void)
{
    ssize_t n;
    while ((n = splice(0, NULL, 1, NULL, BUFFER, SPLICE_F_MOVE)) > 0)
        ;
    return n < 0;
}

static int count(unsigned long long lines)
{
    ssize_t n;
    while (lines && (n = read(0, buffer, PIECE)) > 0)
        for (const char *at = buffer, *end = at + n; lines && at < end; lines--) {
            at = memchr(at, '\n', (size_t)(end - at));
            if (!at)
                break;
            at++;
        }
    return lines > 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "lines") == 0 && argc > 2)
        return lines(strtoull(argv[2], NULL, 10), argc > 3 ? strtoul(argv[3], NULL, 10) : 100);
    if (strcmp(what, "numbered") == 0 && argc > 3)
        return numbered(strtoul(argv[2], NULL, 10), argv[3]);
    if (strcmp(what, "copy") == 0)
        return copy();
    if (strcmp(what, "splice") == 0)
        return splice_all();
    if (strcmp(what, "count") == 0 && argc > 2)
        return count(strtoull(argv[2], NULL, 10));
    fprintf(stderr, "usage: pipe lines BYTES [LENGTH] | numbered COUNT TAG | copy | splice | count LINES\n");
    return 64;
}
