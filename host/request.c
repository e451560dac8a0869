#include "request.h"

#include <string.h>

struct request request_line(char *in, size_t length)
{
    char *end = memchr(in, '\n', length);
    if (!end && length < REQUEST_MAX)
        return (struct request){0};
    if (!end || memchr(in, '\0', (size_t)(end - in)))
        return (struct request){.refusal = "{\"error\":\"cannot read the request: a line of JSON "
                                           "of at most 4095 bytes is needed\"}\n"};
    *end = '\0';
    return (struct request){.whole = true, .consumed = (size_t)(end - in) + 1};
}

static const char bad[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
static const char too_long[] = "HTTP/1.1 431 Request Header Fields Too Large\r\n"
                               "Content-Length: 0\r\nConnection: close\r\n\r\n";

/* The end of the head: an empty line (RFC 9112 lets CR be left out). */
static const char *head_end(const char *in, size_t length)
{
    const char *end = in + length;
    for (const char *at = in; (at = memchr(at, '\n', (size_t)(end - at)));) {
        at++;
        if (at < end && *at == '\n')
            return at + 1;
        if (end - at >= 2 && at[0] == '\r' && at[1] == '\n')
            return at + 2;
    }
    return NULL;
}

struct request request_http(char *in, size_t length)
{
    /* Anything but a method is another protocol, and need not be waited for. */
    size_t method = 0;
    while (method < length && in[method] >= 'A' && in[method] <= 'Z')
        method++;
    if (method < length && (method == 0 || in[method] != ' '))
        return (struct request){.refusal = bad};
    const char *end = head_end(in, length);
    if (!end)
        return (struct request){.refusal = length == HTTP_HEAD_MAX ? too_long : NULL};
    char *target = in + method + 1, *after = target;
    while (*after > ' ' && *after < 0x7f)
        after++;
    bool version = end - after > 9 && strncmp(after, " HTTP/1.", 8) == 0 &&
                   (after[9] == '\r' || after[9] == '\n');
    if (*target != '/' || !version)
        return (struct request){.refusal = bad};
    *after = '\0';
    return (struct request){.whole = true, .without_body = strncmp(in, "HEAD ", 5) == 0,
                            .consumed = (size_t)(end - in)};
}
