/*
 * What a process says by itself: a line of its output, a datagram to
 * NOTIFY_SOCKET (sd_notify(3)), or a newline on a descriptor (s6).
 */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "host.h"

static int child_end = -1;

static void say(uint32_t process, enum event_type type, int64_t a)
{
    loop_event((struct event){.type = type, .process = process,
                              .run = host.children[process].run, .a = a});
}

static int watch(uint32_t process, int fd)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = TAGGED(TAG_WORD, process)};
    return epoll_ctl(host.epoll_fd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static int open_socket(uint32_t process)
{
    struct word *word = &host.children[process].word;
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int on = 1;
    if (strlen(word->text) >= sizeof un.sun_path)
        return -ENAMETOOLONG;
    strcpy(un.sun_path, word->text);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    /* The folder is private; whoever finds the path was given it. */
    if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) ||
        bind(fd, (struct sockaddr *)&un, sizeof un) || chmod(word->text, 0666) ||
        watch(process, fd)) {
        int r = -errno;
        close(fd);
        return r;
    }
    word->fd = fd;
    return 0;
}

static int open_pipe(uint32_t process)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC))
        return -errno;
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    if (watch(process, fds[0])) {
        int r = -errno;
        close(fds[0]);
        close(fds[1]);
        return r;
    }
    struct word *word = &host.children[process].word;
    if (word->fd >= 0)
        close(word->fd);
    word->fd = fds[0];
    child_end = fds[1];
    return 0;
}

int word_open(uint32_t process, const char **stage)
{
    struct word *word = &host.children[process].word;
    switch (word->kind) {
    case WORD_NOTIFY: *stage = "socket"; return word->fd < 0 ? open_socket(process) : 0;
    case WORD_FD: *stage = "pipe"; return open_pipe(process);
    case WORD_LOG:
        *stage = "regcomp";
        if (word->pattern)
            return 0;
        word->pattern = malloc(sizeof(regex_t));
        if (!word->pattern)
            return -ENOMEM;
        return regcomp(word->pattern, word->text, REG_EXTENDED | REG_NOSUB) ? -EINVAL : 0;
    default: return 0;
    }
}

int word_for_child(uint32_t process)
{
    return host.children[process].word.kind == WORD_FD ? child_end : -1;
}

void word_spawned(uint32_t process)
{
    if (word_for_child(process) >= 0) {
        close(child_end);
        child_end = -1;
    }
}

static void main_pid(struct child *child, long pid)
{
    /* Only one of ours: anything else would be signalled in its place. */
    if (pid > 1 && pid != child->pid && is_descendant((pid_t)pid))
        child->next_pid = (pid_t)pid;
}

pid_t word_successor(struct child *child)
{
    pid_t pid = child->next_pid;
    child->next_pid = 0;
    return pid && kill(pid, 0) == 0 && is_descendant(pid) ? pid : 0;
}

static void take_line(uint32_t process, const char *line)
{
    const char *value = strchr(line, '=');
    if (!value)
        return;
    size_t length = (size_t)(value++ - line);
    long long number = atoll(value);
    int64_t ms = number > 0 ? (number + 999) / 1000 : 0;
#define IS(name) (length == sizeof name - 1 && memcmp(line, name, length) == 0)
    if (IS("READY") && number == 1)
        say(process, EV_READY_TOLD, 0);
    else if (IS("STOPPING") && number == 1)
        say(process, EV_STOPPING_TOLD, 0);
    else if (IS("EXTEND_TIMEOUT_USEC") && ms)
        say(process, EV_EXTENDED, ms);
    else if (IS("WATCHDOG_USEC") && ms)
        say(process, EV_WATCHDOG, ms);
    else if (IS("WATCHDOG") && strcmp(value, "trigger") == 0)
        say(process, EV_WATCHDOG_TRIGGERED, 0);
    else if (IS("WATCHDOG") && number == 1)
        say(process, EV_WATCHDOG, -1);
    else if (IS("MAINPID"))
        main_pid(&host.children[process], (long)number);
#undef IS
    /* STATUS, RELOADING and unknown keys ask nothing of us. */
}

/* The sender's user; descriptors that came along are closed, which answers a BARRIER. */
static bool from_ours(struct msghdr *message)
{
    bool ours = false;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET)
            continue;
        if (c->cmsg_type == SCM_CREDENTIALS) {
            struct ucred who;
            memcpy(&who, CMSG_DATA(c), sizeof who);
            ours = who.uid == 0 || who.uid == geteuid();
        } else if (c->cmsg_type == SCM_RIGHTS) {
            size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (size_t i = 0; i < count; i++) {
                int fd;
                memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
                close(fd);
            }
        }
    }
    return ours;
}

static void read_datagrams(uint32_t process)
{
    char text[4096];
    union { struct cmsghdr head; char room[512]; } control;
    for (int i = 0; i < 64; i++) {
        struct iovec piece = {text, sizeof text - 1};
        struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control,
                                 .msg_controllen = sizeof control};
        ssize_t n = recvmsg(host.children[process].word.fd, &message, MSG_CMSG_CLOEXEC);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return;
        text[n] = '\0';
        if (!from_ours(&message))
            continue;
        for (char *at = text, *line; (line = strsep(&at, "\n"));)
            take_line(process, line);
    }
}

static void read_pipe(uint32_t process)
{
    struct word *word = &host.children[process].word;
    char bytes[256];
    ssize_t n = read(word->fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    bool said = n > 0 && memchr(bytes, '\n', (size_t)n);
    if (n > 0 && !said)
        return;
    close(word->fd);
    word->fd = -1;
    if (said)
        say(process, EV_READY_TOLD, 0);
}

void word_event(uint32_t process)
{
    CHECK(process < host.children_count);
    if (host.children[process].word.kind == WORD_NOTIFY)
        read_datagrams(process);
    else if (host.children[process].word.fd >= 0)
        read_pipe(process);
}
