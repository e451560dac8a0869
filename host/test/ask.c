/*
 * Goal: the probes' protocols reach the same verdict whichever way the bytes arrive.
 * Method: whole answers fed at once, byte by byte and in seeded pieces; and any bytes at all.
 */
#include <string.h>

#include "../ask.c"
#include "check.h"

static enum verdict feed_in_pieces(struct ask *ask, const unsigned char *bytes, size_t length,
                                   size_t most, uint32_t *seed)
{
    enum verdict verdict = ASK_MORE;
    for (size_t at = 0; at < length && verdict == ASK_MORE;) {
        size_t n = 1 + next_random(seed) % most;
        n = n < length - at ? n : length - at;
        verdict = ask_feed(ask, bytes + at, n);
        at += n;
    }
    return verdict;
}

static int http_is(const char *answer, enum verdict wanted)
{
    int same = 1;
    uint32_t seed = 3;
    for (size_t most = 1; most < 40; most += 6) {
        struct ask *ask = ask_http("GET / HTTP/1.1\r\n\r\n", 200, 399);
        same &= feed_in_pieces(ask, (const unsigned char *)answer, strlen(answer), most, &seed) ==
                wanted;
        ask_free(ask);
    }
    return same;
}

static size_t put(unsigned char *out, int type, int flags, const void *payload, size_t length)
{
    unsigned char head[9] = {0, (unsigned char)(length >> 8), (unsigned char)length,
                             (unsigned char)type, (unsigned char)flags, 0, 0, 0, 1};
    memcpy(out, head, 9);
    memcpy(out + 9, payload, length);
    return 9 + length;
}

static int grpc_is(const unsigned char *answer, size_t length, enum verdict wanted)
{
    int same = 1;
    uint32_t seed = 5;
    for (size_t most = 1; most < 60; most += 7) {
        struct ask *ask = ask_grpc(50051, "shop.Orders");
        same &= feed_in_pieces(ask, answer, length, most, &seed) == wanted;
        ask_free(ask);
    }
    return same;
}

static void http(void)
{
    claim(http_is("HTTP/1.1 200 OK\r\n\r\n", ASK_PASSED), "200 passes");
    claim(http_is("HTTP/1.0 399\r\n", ASK_PASSED), "the last status of the range passes");
    claim(http_is("HTTP/1.1 400 Bad\r\n", ASK_FAILED), "400 fails");
    claim(http_is("HTTP/1.1 199 \r\n", ASK_FAILED), "199 fails");
    claim(http_is("HTTP/1.1 20", ASK_MORE), "half a status line waits");
    claim(http_is("220 smtp ready\r\n", ASK_FAILED), "another protocol fails");
    claim(http_is("HTTP/1.1 2x0 OK\r\n", ASK_FAILED), "a status that is no number fails");
}

static void grpc(void)
{
    unsigned char answer[4096], big[1000] = {0};
    const unsigned char serving[] = {0, 0, 0, 0, 2, 8, 1}, not_serving[] = {0, 0, 0, 0, 2, 8, 2};
    const unsigned char unknown[] = {0, 0, 0, 0, 0}, ping[8] = "pingpong";
    size_t n = put(answer, SETTINGS, 0, "\0\3\0\0\0\144", 6);
    n += put(answer + n, PING, 0, ping, 8);
    n += put(answer + n, HEADERS, END_HEADERS, big, sizeof big);
    size_t before = n;
    n += put(answer + n, DATA, 0, serving, 7);
    claim(grpc_is(answer, n, ASK_PASSED), "SERVING passes, whatever frames come before");
    n = before + put(answer + before, DATA, 0, not_serving, 7);
    claim(grpc_is(answer, n, ASK_FAILED), "NOT_SERVING fails");
    n = before + put(answer + before, DATA, 0, unknown, 5);
    claim(grpc_is(answer, n, ASK_FAILED), "an empty message is UNKNOWN and fails");
    n = before + put(answer + before, HEADERS, END_HEADERS | END_STREAM, big, 20);
    claim(grpc_is(answer, n, ASK_FAILED), "an answer of trailers only fails");
    n = before + put(answer + before, RST_STREAM, 0, "\0\0\0\7", 4);
    claim(grpc_is(answer, n, ASK_FAILED), "a reset stream fails");
    n = put(answer, GOAWAY, 0, "\0\0\0\0\0\0\0\0", 8);
    claim(grpc_is(answer, n, ASK_FAILED), "GOAWAY fails");

    struct ask *ask = ask_grpc(50051, "");
    ask_sent(ask, ask->out_length);
    n = put(answer, SETTINGS, 0, "", 0) ;
    n += put(answer + n, PING, 0, ping, 8);
    n += put(answer + n, PING, ACK, ping, 8);
    n += put(answer + n, SETTINGS, ACK, "", 0);
    claim(ask_feed(ask, answer, n) == ASK_MORE && ask->out_length == 9 + 17 &&
              ask->out[3] == SETTINGS && ask->out[4] == ACK && ask->out[9 + 3] == PING &&
              memcmp(ask->out + 18, ping, 8) == 0,
          "SETTINGS and PING are acknowledged once, and their acknowledgements are not");
    ask_free(ask);
    claim(ask_grpc(1, "0123456789012345678901234567890123456789012345678901234567890123456789"
                      "01234567890123456789012345678901234567890123456789x") == NULL,
          "a service name that is too long is refused");
}

static void noise(void)
{
    uint32_t seed = 20261124;
    int passed = 0;
    for (int turn = 0; turn < 20000; turn++) {
        unsigned char bytes[200];
        size_t length = next_random(&seed) % sizeof bytes;
        for (size_t i = 0; i < length; i++)
            bytes[i] = (unsigned char)(next_random(&seed) % (turn % 2 ? 12 : 256));
        struct ask *ask = turn % 3 ? ask_grpc(1, "a") : ask_http("x", 100, 599);
        passed += feed_in_pieces(ask, bytes, length, 30, &seed) == ASK_PASSED && turn % 3 == 0;
        ask_free(ask);
    }
    claim(passed == 0, "noise is no HTTP, and hurts nothing");
}

int main(void)
{
    http();
    grpc();
    noise();
    return verdict();
}
