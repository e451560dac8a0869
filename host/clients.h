/* Who is connected to the control socket; private to control.c and streams.c. */
#ifndef TANDEM_CLIENTS_H
#define TANDEM_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue.h"

/* Half of them for each kind. */
enum { CLIENTS_MAX = 32 };

enum kind { LINE, HTTP };
enum state { NOBODY, READING, ASKED, TELLING, FOLLOWING, DRAINING };

struct client {
    enum kind kind;
    enum state state;
    int fd;
    uint32_t id;
    int64_t since_ms, until_ms;      /* until: -1: as long as it likes */
    char *in;
    size_t in_length, consumed;
    struct queue out;
    bool without_body, last;         /* last: nothing follows this answer */
    uint32_t follows;
    uint64_t lost;
};

extern struct client clients[CLIENTS_MAX];
/* Of them, those that follow output. */
extern uint32_t followers;

/* The one that waits for its answer; NULL: it has gone. */
struct client *client_asking(uint32_t id);
/* Its request is done with, and what is queued now is the answer. */
void client_begin(struct client *client);
/* Sends what it can, and goes on when all is sent. The client may be gone after it. */
void client_tell(struct client *client);

#endif
