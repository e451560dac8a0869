/*
 * The control socket and its HTTP sibling: who may connect, how much each may
 * send and leave unread, and when a connection is over. What is asked and what
 * is answered is the policy's. Nobody who connects can hold up the loop.
 */
#ifndef TANDEM_CONTROL_H
#define TANDEM_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONTROL_PATHS_MAX = 2, CONTROL_ALL = UINT32_MAX };

struct control_spec {
    /* The first that can be made; an empty list: none. */
    char *paths[CONTROL_PATHS_MAX];
    int paths_count;
    /* Asked for in so many words: then it is said when it can't be made. */
    bool asked;
    char *http_address;      /* NULL: none */
    uint16_t http_port;
};

/* Never fails: what can't be opened is said, and done without. */
void control_open(const struct control_spec *spec);
/* Lets go of every connection with its last answer, and removes the socket. */
void control_close(void);
void control_event(uint32_t index);
int64_t control_next_wake_ms(void);
void control_tick(int64_t now);

/* What a client has asked; empty when it has gone. */
const char *control_request(uint32_t client);
/* Answers it; `head` (a status and header lines) is HTTP's, else NULL. */
void control_answer(uint32_t client, const char *head, const char *text, size_t length);
/* What was kept of this process's output, or of CONTROL_ALL; with `follow`, what comes too. */
void control_logs(uint32_t client, uint32_t process, bool follow);
void control_journal(uint32_t client);
/* Output of a process, as it was read. */
void control_heard(uint32_t process, int which, const char *bytes, size_t length);

#endif
