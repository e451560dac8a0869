/* What the tests of the pump have in common: pumps, pipes, and a loop's turn. */
#include "../pump.c"

#include <poll.h>

#include "check.h"

static int matched;
static uint64_t lost_lines;

void pump_heard(uint32_t process, int which, const char *bytes, size_t length)
{
    (void)process;
    (void)which;
    (void)bytes;
    (void)length;
}

void pump_matched(uint32_t process)
{
    matched += process == 5;
}

void pump_dropped(uint32_t process, int which, uint64_t lines)
{
    (void)process;
    (void)which;
    lost_lines += lines;
}

static inline struct pump *open_pump(int *epoll_fd)
{
    *epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return pump_open(*epoll_fd, 3);
}

static inline void drop_pump(struct pump *pump, int epoll_fd)
{
    for (uint32_t i = 0; i < pump->count; i++) {
        if (pump->streams[i].fd >= 0)
            close_stream(pump, &pump->streams[i]);
        free(pump->streams[i].tail);
    }
    close(epoll_fd);
    free(pump->streams);
    free(pump);
}

static struct form *new_form(enum form_kind kind)
{
    struct form *form = calloc(1, sizeof *form);
    form->level = LEVEL_INFO;
    if (kind == FORM_PREFIX)
        form_prefix(form, "p", 1, 0);
    else if (kind == FORM_JSON)
        form_json(form, "p");
    return form;
}

/* The write end. */
static inline int add(struct pump *pump, uint32_t process, int which, enum form_kind kind)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) || pump_add(pump, process, which, fds[0], new_form(kind)))
        abort();
    return fds[1];
}

/* What the loop would do, until there is nothing to do but to wait for partial lines. */
static inline void turn(struct pump *pump, int epoll_fd)
{
    struct pollfd room = {.fd = sink_wake_fd(), .events = POLLIN};
    for (;;) {
        struct epoll_event event;
        int due = epoll_wait(epoll_fd, &event, 1, 0);
        if (due > 0)
            pump_readable(pump, (uint32_t)(event.data.u64 & 0xffffffff));
        else if (pump->stuck && poll(&room, 1, 5000) > 0)
            pump_room(pump);
        else
            return;
    }
}
