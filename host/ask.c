/*
 * The two protocols a probe speaks: the status line of HTTP/1 (RFC 9112), and
 * one unary call of grpc.health.v1 over HTTP/2 (RFC 9113). The latter needs no
 * HPACK decoding: literal headers out, and of what comes in only the frames
 * that need an answer and the first bytes of DATA.
 */
#include "ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int append(struct ask *ask, const void *bytes, size_t length)
{
    if (ask->out_length + length > ask->out_room) {
        size_t room = (ask->out_length + length) * 2;
        unsigned char *out = realloc(ask->out, room);
        if (!out)
            return -1;
        ask->out = out;
        ask->out_room = room;
    }
    memcpy(ask->out + ask->out_length, bytes, length);
    ask->out_length += length;
    return 0;
}

void ask_sent(struct ask *ask, size_t length)
{
    memmove(ask->out, ask->out + length, ask->out_length - length);
    ask->out_length -= length;
}

void ask_free(struct ask *ask)
{
    if (ask)
        free(ask->out);
    free(ask);
}

struct ask *ask_http(const char *request, int status_min, int status_max)
{
    struct ask *ask = calloc(1, sizeof *ask);
    if (!ask)
        return NULL;
    ask->status_min = status_min;
    ask->status_max = status_max;
    if (append(ask, request, strlen(request))) {
        ask_free(ask);
        return NULL;
    }
    return ask;
}

enum { FRAME_HEAD = 9, STREAM = 1 };
enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8 };

static int frame(struct ask *ask, int type, int flags, uint32_t stream, const void *payload,
                 size_t length)
{
    unsigned char head[FRAME_HEAD] = {
        (unsigned char)(length >> 16), (unsigned char)(length >> 8), (unsigned char)length,
        (unsigned char)type, (unsigned char)flags,
        (unsigned char)(stream >> 24), (unsigned char)(stream >> 16),
        (unsigned char)(stream >> 8), (unsigned char)stream};
    return append(ask, head, sizeof head) || append(ask, payload, length) ? -1 : 0;
}

/* A literal header field without indexing, new name, no Huffman (RFC 7541, 6.2.2). */
static size_t header(unsigned char *out, const char *name, const char *value)
{
    size_t n = strlen(name), v = strlen(value);
    out[0] = 0;
    out[1] = (unsigned char)n;
    memcpy(out + 2, name, n);
    out[2 + n] = (unsigned char)v;
    memcpy(out + 3 + n, value, v);
    return 3 + n + v;
}

static size_t call_headers(unsigned char *out, uint16_t port)
{
    char authority[32];
    size_t n = 0;
    snprintf(authority, sizeof authority, "127.0.0.1:%u", (unsigned)port);
    n += header(out + n, ":method", "POST");
    n += header(out + n, ":scheme", "http");
    n += header(out + n, ":path", "/grpc.health.v1.Health/Check");
    n += header(out + n, ":authority", authority);
    n += header(out + n, "content-type", "application/grpc");
    n += header(out + n, "te", "trailers");
    n += header(out + n, "user-agent", "tandem");
    return n;
}

enum { SERVICE_MAX = 120 };

struct ask *ask_grpc(uint16_t port, const char *service)
{
    struct ask *ask = calloc(1, sizeof *ask);
    unsigned char headers[256], message[SERVICE_MAX + 7] = {0};
    size_t n = strlen(service), size = n ? n + 2 : 0;
    if (!ask || n > SERVICE_MAX) {
        free(ask);
        return NULL;
    }
    ask->grpc = 1;
    /* HealthCheckRequest { string service = 1; } after the five bytes of the gRPC message. */
    message[4] = (unsigned char)size;
    message[5] = 0x0a;
    message[6] = (unsigned char)n;
    memcpy(message + 7, service, n);
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    if (append(ask, preface, sizeof preface - 1) || frame(ask, SETTINGS, 0, 0, "", 0) ||
        frame(ask, HEADERS, END_HEADERS, STREAM, headers, call_headers(headers, port)) ||
        frame(ask, DATA, END_STREAM, STREAM, message, 5 + size)) {
        ask_free(ask);
        return NULL;
    }
    return ask;
}

static enum verdict feed_http(struct ask *ask, const unsigned char *bytes, size_t length)
{
    size_t room = sizeof ask->in - ask->in_length, n = length < room ? length : room;
    memcpy(ask->in + ask->in_length, bytes, n);
    ask->in_length += n;
    if (ask->in_length < 12)
        return memcmp(ask->in, "HTTP/1.", ask->in_length < 7 ? ask->in_length : 7) ? ASK_FAILED
                                                                                  : ASK_MORE;
    const unsigned char *line = ask->in;
    if (memcmp(line, "HTTP/1.", 7) || line[8] != ' ')
        return ASK_FAILED;
    int status = 0;
    for (int i = 9; i < 12; i++) {
        if (line[i] < '0' || line[i] > '9')
            return ASK_FAILED;
        status = status * 10 + line[i] - '0';
    }
    return status >= ask->status_min && status <= ask->status_max ? ASK_PASSED : ASK_FAILED;
}

/* HealthCheckResponse { ServingStatus status = 1; }, SERVING is 1. */
static enum verdict serving(const unsigned char *data, size_t length, int padded)
{
    data += padded ? 1 : 0;
    length -= padded ? 1 : 0;
    if (length < 7 || data[0] != 0)
        return ASK_FAILED;
    return data[5] == 0x08 && data[6] == 1 ? ASK_PASSED : ASK_FAILED;
}

/* A frame is there, or as much of it as is kept. */
static enum verdict take_frame(struct ask *ask)
{
    int type = ask->in[3], flags = ask->in[4];
    const unsigned char *payload = ask->in + FRAME_HEAD;
    size_t length = ask->in_length - FRAME_HEAD;
    int failed = 0;
    switch (type) {
    case DATA: return length ? serving(payload, length, flags & PADDED) : ASK_MORE;
    case HEADERS: return flags & END_STREAM ? ASK_FAILED : ASK_MORE;
    case RST_STREAM:
    case GOAWAY: return ASK_FAILED;
    case SETTINGS: failed = flags & ACK ? 0 : frame(ask, SETTINGS, ACK, 0, "", 0); break;
    case PING: failed = flags & ACK || length < 8 ? 0 : frame(ask, PING, ACK, 0, payload, 8); break;
    default: break;
    }
    return failed ? ASK_FAILED : ASK_MORE;
}

static enum verdict feed_grpc(struct ask *ask, const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length;) {
        if (ask->in_length < FRAME_HEAD) {
            ask->in[ask->in_length++] = bytes[i++];
            if (ask->in_length < FRAME_HEAD)
                continue;
            ask->left = (uint32_t)ask->in[0] << 16 | (uint32_t)ask->in[1] << 8 | ask->in[2];
        } else {
            size_t n = length - i < ask->left ? length - i : ask->left;
            size_t room = sizeof ask->in - ask->in_length, kept = n < room ? n : room;
            memcpy(ask->in + ask->in_length, bytes + i, kept);
            ask->in_length += kept;
            ask->left -= (uint32_t)n;
            i += n;
        }
        if (ask->left)
            continue;
        enum verdict verdict = take_frame(ask);
        if (verdict != ASK_MORE)
            return verdict;
        ask->in_length = 0;
    }
    return ASK_MORE;
}

enum verdict ask_feed(struct ask *ask, const unsigned char *bytes, size_t length)
{
    return ask->grpc ? feed_grpc(ask, bytes, length) : feed_http(ask, bytes, length);
}
