#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clients.h"
#include "door.h"
#include "figures.h"
#include "host.h"
#include "request.h"
#include "rings.h"

enum {
    RINGS_BYTES = 1 << 16,
    HEAD_MS = 5000,          /* for an HTTP request to be there */
    TELL_MS = 10000,         /* for an answer to be taken, since some of it was */
    DRAIN_MS = 1000,
    AGAIN_MS = 500,          /* without descriptors nobody is let in for so long */
};

struct client clients[CLIENTS_MAX];
uint32_t followers;
static uint32_t clients_count, next_id;
static int doors[2] = {-1, -1};
static int64_t again_at_ms = -1;

static size_t in_max(const struct client *client)
{
    return client->kind == HTTP ? HTTP_HEAD_MAX : REQUEST_MAX;
}

static uint64_t tag_of(const struct client *client)
{
    return TAGGED(TAG_CONTROL, 2 + (client - clients));
}

static void drop(struct client *client)
{
    close(client->fd);
    free(client->in);
    queue_free(&client->out);
    followers -= client->state == FOLLOWING;
    clients_count--;
    *client = (struct client){.fd = -1};
}

static void watch(struct client *client)
{
    bool reads = client->state == READING || client->state == FOLLOWING || client->state == DRAINING;
    struct epoll_event event = {.events = (reads ? EPOLLIN : 0) |
                                          (queue_left(&client->out) ? EPOLLOUT : 0),
                                .data.u64 = tag_of(client)};
    if (epoll_ctl(host.epoll_fd, EPOLL_CTL_MOD, client->fd, &event))
        drop(client);
}

/* A whole request is there: the policy is told. */
static void ask(struct client *client)
{
    client->state = ASKED;
    client->until_ms = -1;
    loop_event((struct event){.type = EV_ASKED, .a = client->id, .b = client->kind == HTTP});
}

/* The end: what was said has to arrive, so nothing unread may be left behind (tcp(7): a reset). */
static void drain(struct client *client)
{
    client->state = DRAINING;
    client->until_ms = now_ms() + DRAIN_MS;
    client->in_length = 0;
    shutdown(client->fd, SHUT_WR);
}

static void next_request(struct client *client);

void client_tell(struct client *client)
{
    size_t before = queue_left(&client->out);
    if (client->out.over || queue_send(&client->out, client->fd)) {
        drop(client);
        return;
    }
    size_t left = queue_left(&client->out);
    if (client->state == TELLING && left && left < before)
        client->until_ms = now_ms() + TELL_MS;
    if (client->state == TELLING && !left) {
        if (client->last) {
            drain(client);
        } else {
            client->state = READING;
            client->until_ms = -1;
            next_request(client);
            return;
        }
    }
    watch(client);
}

void client_begin(struct client *client)
{
    client->state = TELLING;
    client->until_ms = now_ms() + TELL_MS;
    memmove(client->in, client->in + client->consumed, client->in_length - client->consumed);
    client->in_length -= client->consumed;
    client->consumed = 0;
}

/* An answer that needs no policy: what came is no request. */
static void refuse(struct client *client, const char *text)
{
    client->last = true;
    client->consumed = client->in_length;
    client_begin(client);
    queue_text(&client->out, text);
    client_tell(client);
}

static void next_request(struct client *client)
{
    struct request request = client->kind == HTTP ? request_http(client->in, client->in_length)
                                                  : request_line(client->in, client->in_length);
    client->consumed = request.consumed;
    client->without_body = request.without_body;
    if (request.refusal) {
        refuse(client, request.refusal);
        return;
    }
    if (request.whole)
        ask(client);
    watch(client);
}

static void read_in(struct client *client)
{
    char rest[512];
    for (;;) {
        bool keeps = client->state == READING;
        size_t room = keeps ? in_max(client) - client->in_length : sizeof rest;
        ssize_t n = recv(client->fd, keeps ? client->in + client->in_length : rest, room, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            drop(client);
            return;
        }
        if (!keeps) {
            /* One turn is enough for one who only talks. */
            return;
        }
        client->in_length += (size_t)n;
        next_request(client);
        return;
    }
}

/* Makes room for one more: the longest idle of its kind goes, else who has read nothing for longest. */
static struct client *place_for(enum kind kind)
{
    struct client *idle = NULL, *stuck = NULL;
    for (int i = kind == HTTP; i < CLIENTS_MAX; i += 2) {
        struct client *one = &clients[i];
        if (one->state == NOBODY)
            return one;
        if ((one->state == READING || one->state == DRAINING) &&
            (!idle || one->since_ms < idle->since_ms))
            idle = one;
        if (one->state == TELLING && (!stuck || one->until_ms < stuck->until_ms))
            stuck = one;
    }
    idle = idle ? idle : stuck;
    if (idle)
        drop(idle);
    return idle;
}

static void listen_to(int which, int operation)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = TAGGED(TAG_CONTROL, which)};
    if (doors[which] >= 0)
        epoll_ctl(host.epoll_fd, operation, doors[which], &event);
}

static void let_in(enum kind kind)
{
    int fd = accept4(doors[kind], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        /* Out of descriptors it would be readable for ever. */
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            listen_to(LINE, EPOLL_CTL_DEL);
            listen_to(HTTP, EPOLL_CTL_DEL);
            again_at_ms = now_ms() + AGAIN_MS;
        }
        return;
    }
    struct client *client = place_for(kind);
    char *in = client ? malloc(kind == HTTP ? HTTP_HEAD_MAX : REQUEST_MAX) : NULL;
    if (!in) {
        close(fd);
        return;
    }
    int64_t now = now_ms();
    *client = (struct client){.kind = kind, .state = READING, .fd = fd, .id = ++next_id,
                              .since_ms = now, .until_ms = kind == HTTP ? now + HEAD_MS : -1,
                              .in = in, .last = kind == HTTP};
    clients_count++;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag_of(client)};
    if (epoll_ctl(host.epoll_fd, EPOLL_CTL_ADD, fd, &event))
        drop(client);
    else if (kind == LINE && !door_knows(fd))
        refuse(client, "{\"error\":\"cannot answer: only the user that Tandem runs as, and root, "
                       "may ask\"}\n");
}

void control_event(uint32_t index)
{
    if (index < 2) {
        let_in(index);
        return;
    }
    struct client *client = &clients[(index - 2) % CLIENTS_MAX];
    uint32_t id = client->id;
    if (client->state == NOBODY)
        return;
    if (client->state == READING || client->state == FOLLOWING || client->state == DRAINING)
        read_in(client);
    else if (!queue_left(&client->out) || recv(client->fd, &(char){0}, 1, MSG_PEEK) == 0)
        /* Nothing was waited for but its end; or it took its leave before the answer. */
        client->until_ms = client->state == ASKED ? client->until_ms : now_ms();
    if (client->id == id && client->state != NOBODY && queue_left(&client->out))
        client_tell(client);
}

int64_t control_next_wake_ms(void)
{
    int64_t at = again_at_ms;
    for (int i = 0; i < CLIENTS_MAX && clients_count; i++)
        if (clients[i].state != NOBODY && clients[i].until_ms >= 0 &&
            (at < 0 || clients[i].until_ms < at))
            at = clients[i].until_ms;
    return at;
}

void control_tick(int64_t now)
{
    if (again_at_ms >= 0 && now >= again_at_ms) {
        again_at_ms = -1;
        listen_to(LINE, EPOLL_CTL_ADD);
        listen_to(HTTP, EPOLL_CTL_ADD);
    }
    for (int i = 0; i < CLIENTS_MAX && clients_count; i++)
        if (clients[i].state != NOBODY && clients[i].until_ms >= 0 && now >= clients[i].until_ms)
            drop(&clients[i]);
}

struct client *client_asking(uint32_t id)
{
    for (int i = 0; i < CLIENTS_MAX; i++)
        if (clients[i].state == ASKED && clients[i].id == id)
            return &clients[i];
    return NULL;
}

const char *control_request(uint32_t id)
{
    const struct client *client = client_asking(id);
    return client ? client->in : "";
}

void control_answer(uint32_t id, const char *head, const char *text, size_t length)
{
    struct client *client = client_asking(id);
    struct queue body = {0};
    if (!client)
        return;
    client_begin(client);
    figures_fill(&body, text, length, client->kind == HTTP ? "NaN" : "null");
    if (head)
        queue_format(&client->out, "HTTP/1.1 %sContent-Length: %zu\r\nConnection: close\r\n\r\n",
                     head, body.length);
    if (!client->without_body)
        queue_put(&client->out, body.bytes, body.length);
    if (!head)
        queue_text(&client->out, "\n");
    client->out.over |= body.over;
    queue_free(&body);
    client_tell(client);
}

static void say(const char *what, const char *where, int error)
{
    char text[300];
    int n = snprintf(text, sizeof text, "tandem: cannot open %s %.200s: %s", what, where,
                     strerror(error));
    log_line(LEVEL_WARNING, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1, -1);
}

void control_open(const struct control_spec *spec)
{
    int error = 0;
    for (int i = 0; i < spec->paths_count && doors[LINE] < 0; i++) {
        int fd = door_unix(spec->paths[i], spec->asked);
        doors[LINE] = fd < 0 ? -1 : fd;
        error = fd < 0 ? -fd : 0;
    }
    if (error && spec->asked)
        say("the control socket", spec->paths[0], error);
    if (doors[LINE] >= 0)
        rings_open(host.children_count, RINGS_BYTES);
    if (spec->http_address) {
        int fd = door_tcp(spec->http_address, spec->http_port);
        doors[HTTP] = fd < 0 ? -1 : fd;
        if (fd < 0)
            say("the HTTP endpoint of `control` at", spec->http_address, -fd);
    }
    listen_to(LINE, EPOLL_CTL_ADD);
    listen_to(HTTP, EPOLL_CTL_ADD);
}

void control_close(void)
{
    char rest[512];
    for (int i = 0; i < CLIENTS_MAX; i++) {
        if (clients[i].state == NOBODY || queue_send(&clients[i].out, clients[i].fd))
            continue;
        shutdown(clients[i].fd, SHUT_WR);
        while (recv(clients[i].fd, rest, sizeof rest, 0) > 0)
            ;
    }
    door_remove();
}
