/* What is said on a connection of a probe: bytes out, bytes in, a verdict. No descriptors here. */
#ifndef TANDEM_ASK_H
#define TANDEM_ASK_H

#include <stddef.h>
#include <stdint.h>

enum verdict { ASK_MORE, ASK_PASSED, ASK_FAILED };

enum { ASK_BYTES = 512 };

struct ask {
    /* To be sent; taken from the front as it is. */
    unsigned char *out;
    size_t out_length, out_room;
    /* http: the status line so far. grpc: the head of a frame, then the start of its payload. */
    unsigned char in[ASK_BYTES];
    size_t in_length;
    uint32_t left;
    int grpc;
    int status_min, status_max;
};

/* NULL: no memory. */
struct ask *ask_http(const char *request, int status_min, int status_max);
struct ask *ask_grpc(uint16_t port, const char *service);
enum verdict ask_feed(struct ask *ask, const unsigned char *bytes, size_t length);
/* What was sent is forgotten. */
void ask_sent(struct ask *ask, size_t length);
void ask_free(struct ask *ask);

#endif
