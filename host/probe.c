/*
 * Probes: one question at a time for each process, and one more for its
 * pre_stop. Ports are asked on 127.0.0.1 first and then on ::1. A question
 * that hangs holds up nobody else; it ends at its time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ask.h"
#include "host.h"

static struct probe *probe_at(uint32_t index)
{
    CHECK(index / 2 < host.children_count);
    struct child *child = &host.children[index / 2];
    return index % 2 ? &child->drain : &child->probe;
}

static void close_connection(struct probe *probe)
{
    if (probe->fd >= 0)
        close(probe->fd);
    ask_free(probe->ask);
    probe->ask = NULL;
    probe->fd = -1;
    probe->connected = false;
}

static void finish(uint32_t index, bool passed, const char *detail)
{
    struct probe *probe = probe_at(index);
    close_connection(probe);
    /* The whole group of an exec: what it started must not outlive its answer. */
    if (probe->pid)
        kill(-probe->pid, SIGKILL);
    probe->pid = 0;
    probe->out = false;
    host.probes_out--;
    loop_event((struct event){.type = index % 2 ? EV_PRE_STOP_FINISHED : EV_PROBE_FINISHED,
                              .process = index / 2, .run = probe->run, .a = passed,
                              .text = detail});
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
    return here.sin6_family != AF_UNIX && here_size == there_size &&
           memcmp(&here, &there, here_size) == 0;
}

static int connect_to(const struct probe *probe, int fd)
{
    const struct probe_spec *spec = probe->spec;
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(spec->port),
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(spec->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (spec->kind == PROBE_UNIX) {
        if (strlen(spec->path) >= sizeof un.sun_path) {
            errno = ENAMETOOLONG;
            return -1;
        }
        strcpy(un.sun_path, spec->path);
        return connect(fd, (struct sockaddr *)&un, sizeof un);
    }
    return probe->ipv6 ? connect(fd, (struct sockaddr *)&v6, sizeof v6)
                       : connect(fd, (struct sockaddr *)&v4, sizeof v4);
}

/* 0: connected; -EINPROGRESS: wait; another -errno: refused. */
static int try_connect(uint32_t index)
{
    struct probe *probe = probe_at(index);
    int family = probe->spec->kind == PROBE_UNIX ? AF_UNIX : probe->ipv6 ? AF_INET6 : AF_INET;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int error = connect_to(probe, fd) ? errno : 0;
    if (!error && is_self(fd))
        error = ECONNREFUSED;
    struct epoll_event ev = {.events = EPOLLOUT, .data.u64 = TAGGED(TAG_PROBE, index)};
    bool waits = error == EINPROGRESS || !error;
    if (waits && epoll_ctl(host.epoll_fd, EPOLL_CTL_ADD, fd, &ev)) {
        error = errno;
        waits = false;
    }
    if (!waits) {
        close(fd);
        return -error;
    }
    probe->fd = fd;
    return -error;
}

static const char *address(const struct probe *probe)
{
    return probe->spec->kind == PROBE_UNIX ? "" : probe->ipv6 ? "::1" : "127.0.0.1";
}

/* Sends what is left; 0 or -errno. */
static int send_out(uint32_t index)
{
    struct probe *probe = probe_at(index);
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = TAGGED(TAG_PROBE, index)};
    while (probe->ask->out_length) {
        ssize_t n = send(probe->fd, probe->ask->out, probe->ask->out_length, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN)
            return -errno;
        if (n < 0)
            break;
        ask_sent(probe->ask, (size_t)n);
    }
    if (probe->ask->out_length)
        ev.events |= EPOLLOUT;
    return epoll_ctl(host.epoll_fd, EPOLL_CTL_MOD, probe->fd, &ev) ? -errno : 0;
}

/* The other end is there: that may be all, or only the beginning. */
static void connected(uint32_t index)
{
    struct probe *probe = probe_at(index);
    const struct probe_spec *spec = probe->spec;
    probe->connected = true;
    if (spec->kind != PROBE_HTTP && spec->kind != PROBE_GRPC) {
        finish(index, true, address(probe));
        return;
    }
    probe->ask = spec->kind == PROBE_HTTP
                     ? ask_http(spec->text, spec->status_min, spec->status_max)
                     : ask_grpc(spec->port, spec->text);
    int r = probe->ask ? send_out(index) : -ENOMEM;
    if (r)
        finish(index, false, errno_name(-r));
}

static void attempt(uint32_t index)
{
    struct probe *probe = probe_at(index);
    for (;;) {
        int r = try_connect(index);
        if (r == -EINPROGRESS)
            return;
        if (r == 0) {
            connected(index);
            return;
        }
        if (probe->ipv6 || probe->spec->kind == PROBE_UNIX) {
            /* What IPv4 said is what a person expects to read; ::1 was only a second chance. */
            bool no_family = r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL;
            finish(index, false, no_family ? "ECONNREFUSED" : errno_name(-r));
            return;
        }
        probe->ipv6 = true;
    }
}

static void ask_file(uint32_t index)
{
    struct stat st;
    int error = stat(probe_at(index)->spec->path, &st) ? errno : 0;
    finish(index, !error, error ? errno_name(error) : "");
}

static void ask_exec(uint32_t index)
{
    struct probe *probe = probe_at(index);
    pid_t pid = spawn_beside(&host.children[index / 2], probe->spec->argv);
    if (pid < 0)
        finish(index, false, errno_name(-pid));
    else
        probe->pid = pid;
}

void probe_start(uint32_t process, uint32_t run, const struct probe_spec *spec,
                 int64_t timeout_ms, bool pre_stop)
{
    uint32_t index = process * 2 + (pre_stop ? 1 : 0);
    struct probe *probe = probe_at(index);
    /* By now it is a run before this one that it was about. */
    if (pre_stop && probe->out)
        finish(index, false, "EOTHER");
    CHECK(!probe->out);
    *probe = (struct probe){.out = true, .run = run, .spec = spec, .fd = -1,
                            .until_ms = now_ms() + timeout_ms};
    host.probes_out++;
    switch (spec->kind) {
    case PROBE_NONE: finish(index, false, "ENOENT"); break;
    case PROBE_FILE: ask_file(index); break;
    case PROBE_EXEC: ask_exec(index); break;
    default: attempt(index);
    }
}

/* False when the verdict is in. */
static bool read_in(uint32_t index)
{
    struct probe *probe = probe_at(index);
    unsigned char bytes[2048];
    for (;;) {
        ssize_t n = recv(probe->fd, bytes, sizeof bytes, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n <= 0) {
            finish(index, false, n ? errno_name(errno) : "ECONNRESET");
            return false;
        }
        enum verdict verdict = ask_feed(probe->ask, bytes, (size_t)n);
        if (verdict != ASK_MORE) {
            finish(index, verdict == ASK_PASSED, verdict == ASK_PASSED ? address(probe) : "EPROTO");
            return false;
        }
    }
}

static void refused(uint32_t index, int error)
{
    struct probe *probe = probe_at(index);
    if (probe->ipv6 || probe->spec->kind == PROBE_UNIX) {
        finish(index, false, errno_name(error));
        return;
    }
    close_connection(probe);
    probe->ipv6 = true;
    attempt(index);
}

void probe_event(uint32_t index)
{
    struct probe *probe = probe_at(index);
    int error = 0;
    socklen_t size = sizeof error;
    if (!probe->out || probe->fd < 0)
        return;
    if (probe->connected) {
        if (!read_in(index))
            return;
        int r = send_out(index);
        if (r)
            finish(index, false, errno_name(-r));
        return;
    }
    if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &error, &size))
        error = errno;
    if (!error && is_self(probe->fd))
        error = ECONNREFUSED;
    if (error)
        refused(index, error);
    else
        connected(index);
}

void probe_tick(int64_t now)
{
    for (uint32_t i = 0; i < 2 * host.children_count && host.probes_out; i++)
        if (probe_at(i)->out && now >= probe_at(i)->until_ms)
            finish(i, false, "ETIMEDOUT");
}

int64_t probe_next_wake_ms(void)
{
    int64_t first = -1;
    for (uint32_t i = 0; i < 2 * host.children_count && host.probes_out; i++) {
        const struct probe *probe = probe_at(i);
        if (probe->out && (first < 0 || probe->until_ms < first))
            first = probe->until_ms;
    }
    return first;
}

void probe_reaped(pid_t pid, bool well)
{
    for (uint32_t i = 0; i < 2 * host.children_count && host.probes_out; i++) {
        struct probe *probe = probe_at(i);
        if (!probe->out || probe->pid != pid)
            continue;
        finish(i, well, well ? "" : "EXIT");
        return;
    }
}
