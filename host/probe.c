/* TCP probes: one non-blocking connection per process, 127.0.0.1 first and then ::1. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host.h"

static void finish(uint32_t process, bool passed, const char *detail)
{
    struct child *child = &host.children[process];
    if (child->probe_fd >= 0) {
        close(child->probe_fd);
        child->probe_fd = -1;
        host.probes_running--;
    }
    loop_event((struct event){.type = EV_PROBE_FINISHED, .process = process, .run = child->run,
                              .a = passed, .text = detail});
}

/*
 * A connection to a port in the ephemeral range may connect to itself (TCP
 * simultaneous open); both ends are then equal and nobody listens.
 */
static bool is_self(int fd)
{
    struct sockaddr_in6 here, there;
    socklen_t here_size = sizeof here, there_size = sizeof there;
    memset(&here, 0, sizeof here);
    memset(&there, 0, sizeof there);
    if (getsockname(fd, (struct sockaddr *)&here, &here_size) ||
        getpeername(fd, (struct sockaddr *)&there, &there_size))
        return false;
    return here_size == there_size && memcmp(&here, &there, here_size) == 0;
}

/* 0: connected; -EINPROGRESS: wait; another -errno: refused. */
static int try_connect(struct child *child, uint32_t process)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(child->probe_port),
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(child->probe_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int family = child->probe_ipv6 ? AF_INET6 : AF_INET;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int r = child->probe_ipv6 ? connect(fd, (struct sockaddr *)&v6, sizeof v6)
                              : connect(fd, (struct sockaddr *)&v4, sizeof v4);
    int error = r ? errno : 0;
    if (!error && is_self(fd))
        error = ECONNREFUSED;
    if (error && error != EINPROGRESS) {
        close(fd);
        return -error;
    }
    child->probe_fd = fd;
    host.probes_running++;
    if (error) {
        struct epoll_event ev = {.events = EPOLLOUT, .data.u64 = TAGGED(TAG_PROBE, process)};
        if (epoll_ctl(host.epoll_fd, EPOLL_CTL_ADD, fd, &ev)) {
            error = errno;
            close(fd);
            child->probe_fd = -1;
            host.probes_running--;
        }
    }
    return -error;
}

static void attempt(uint32_t process)
{
    struct child *child = &host.children[process];
    for (;;) {
        int r = try_connect(child, process);
        if (r == -EINPROGRESS)
            return;
        if (r == 0) {
            finish(process, true, child->probe_ipv6 ? "::1" : "127.0.0.1");
            return;
        }
        if (child->probe_ipv6) {
            /* What IPv4 said is what a person expects to read; ::1 was only a second chance. */
            finish(process, false, r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL ? "ECONNREFUSED"
                                                                             : errno_name(-r));
            return;
        }
        child->probe_ipv6 = true;
    }
}

void probe_start(uint32_t process, uint32_t run, uint16_t port, int64_t timeout_ms)
{
    CHECK(process < host.children_count);
    struct child *child = &host.children[process];
    CHECK(child->probe_fd < 0);
    child->run = run;
    child->probe_port = port;
    child->probe_ipv6 = false;
    child->probe_until_ms = now_ms() + timeout_ms;
    attempt(process);
}

void probe_event(uint32_t process)
{
    CHECK(process < host.children_count);
    struct child *child = &host.children[process];
    int error = 0;
    socklen_t size = sizeof error;
    if (child->probe_fd < 0)
        return;
    if (getsockopt(child->probe_fd, SOL_SOCKET, SO_ERROR, &error, &size))
        error = errno;
    if (!error && is_self(child->probe_fd))
        error = ECONNREFUSED;
    if (!error) {
        finish(process, true, child->probe_ipv6 ? "::1" : "127.0.0.1");
        return;
    }
    if (child->probe_ipv6) {
        finish(process, false, errno_name(error));
        return;
    }
    close(child->probe_fd);
    child->probe_fd = -1;
    host.probes_running--;
    child->probe_ipv6 = true;
    attempt(process);
}

void probe_tick(int64_t now)
{
    for (uint32_t i = 0; i < host.children_count && host.probes_running; i++)
        if (host.children[i].probe_fd >= 0 && now >= host.children[i].probe_until_ms)
            finish(i, false, "ETIMEDOUT");
}

int64_t probe_next_wake_ms(void)
{
    int64_t first = -1;
    if (!host.probes_running)
        return -1;
    for (uint32_t i = 0; i < host.children_count; i++) {
        const struct child *child = &host.children[i];
        if (child->probe_fd >= 0 && (first < 0 || child->probe_until_ms < first))
            first = child->probe_until_ms;
    }
    return first;
}
