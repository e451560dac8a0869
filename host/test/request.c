/*
 * Goal: a request ends where it ends, and bytes that are none are refused, whatever they are.
 * Method: requests whole and cut at every place; and any bytes at all, under the sanitizers.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../request.c"
#include "check.h"

static struct request on_copy(struct request (*read)(char *, size_t), const char *bytes,
                              size_t length, char **copy)
{
    /* Exactly as long, so that a byte too many is seen. */
    *copy = malloc(length ? length : 1);
    memcpy(*copy, bytes, length);
    return read(*copy, length);
}

static int becomes(struct request (*read)(char *, size_t), const char *bytes, const char *text)
{
    char *copy;
    struct request request = on_copy(read, bytes, strlen(bytes), &copy);
    int same = text ? request.whole && strcmp(copy, text) == 0 &&
                          request.consumed <= strlen(bytes)
                    : request.refusal != NULL;
    free(copy);
    return same;
}

static int waits_at_every_cut(struct request (*read)(char *, size_t), const char *bytes)
{
    int waits = 1;
    for (size_t length = 0; length < strlen(bytes); length++) {
        char *copy;
        struct request request = on_copy(read, bytes, length, &copy);
        waits &= !request.whole && !request.refusal;
        free(copy);
    }
    return waits;
}

static void noise(void)
{
    static const char *const words[] = {"GET ", "HEAD ", "/", " HTTP/1.1", "\r\n", "\n", "\r",
                                        "{", "\"", " ", "HTTP/1."};
    uint32_t seed = 20261125;
    int sound = 1;
    for (int turn = 0; turn < 200000; turn++) {
        char bytes[HTTP_HEAD_MAX];
        size_t length = 0, most = turn % 50 ? 120 : sizeof bytes;
        while (length < most && next_random(&seed) % 16) {
            const char *word = words[next_random(&seed) % 11];
            size_t n = strlen(word) < most - length ? strlen(word) : most - length;
            if (turn % 3 == 0)
                bytes[length++] = (char)next_random(&seed);
            else {
                memcpy(bytes + length, word, n);
                length += n;
            }
        }
        for (int http = 0; http < 2; http++) {
            char *copy;
            size_t size = http || length < REQUEST_MAX ? length : REQUEST_MAX;
            struct request request = on_copy(http ? request_http : request_line, bytes, size, &copy);
            sound &= request.consumed <= size && !(request.whole && request.refusal) &&
                     (!request.whole || (request.consumed && strlen(copy) < request.consumed));
            free(copy);
        }
    }
    claim(sound, "200,000 requests of any bytes: whole, refused or waited for, and never past their end");
}

int main(void)
{
    char full[HTTP_HEAD_MAX];
    claim(becomes(request_line, "{\"ask\":\"status\"}\nrest", "{\"ask\":\"status\"}"),
          "a line is a request, and what follows it is not part of it");
    claim(waits_at_every_cut(request_line, "{\"ask\":\"status\"}\n"), "half a line waits");
    memset(full, 'x', sizeof full);
    claim(request_line(full, REQUEST_MAX).refusal != NULL, "a line without an end is refused");
    claim(request_line((char[]){'a', 0, '\n'}, 3).refusal != NULL, "a line with NUL is refused");
    claim(becomes(request_http, "GET /live HTTP/1.1\r\nA: b\r\n\r\n", "GET /live"),
          "a head becomes its method and target");
    claim(becomes(request_http, "HEAD / HTTP/1.0\n\n", "HEAD /"), "LF alone ends a line too");
    claim(waits_at_every_cut(request_http, "GET /live HTTP/1.1\r\nA: b\r\n\r\n"), "half a head waits");
    claim(becomes(request_http, "get / HTTP/1.1\r\n\r\n", NULL), "another protocol is refused");
    claim(becomes(request_http, "GET / HTTP/3\r\n\r\n", NULL), "another version is refused");
    memcpy(full, "GET /", 5);
    claim(request_http(full, sizeof full).refusal != NULL, "a head without an end is refused");
    noise();
    return verdict();
}
