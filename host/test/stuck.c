/*
 * Goal: a reader that is stuck, slow or gone costs bounded memory and lines that are counted, and
 * never a byte in the middle of one.
 * Method: each in a process of its own, whose stdout is a pipe that nobody reads.
 * With: match.c stream.c form.c entry.c level.c sink.c tail.c
 */
#include <signal.h>
#include <sys/wait.h>

#include "pumped.h"

/* In a process of its own, whose stdout is a pipe that nobody reads. */
static void in_stuck(void (*body)(int reader), const char *sentence)
{
    int fds[2], status;
    if (pipe2(fds, 0))
        abort();
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fds[1], 1);
        close(fds[1]);
        if (sinks_open())
            _exit(9);
        body(fds[0]);
        _exit(0);
    }
    close(fds[0]);
    close(fds[1]);
    waitpid(pid, &status, 0);
    if (status)
        printf("it ended with status %#x\n", (unsigned)status);
    claim(status == 0, sentence);
}

static char lines_text[60000];

static void fill_lines(void)
{
    for (size_t i = 0; i < sizeof lines_text; i++)
        lines_text[i] = i % 100 == 99 ? '\n' : 'x';
}

/* Writes as long as the pump takes it. */
static size_t fill(struct pump *pump, int fd)
{
    size_t total = 0;
    ssize_t n;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (int turns = 0; turns < 60; turns++) {
        for (int i = 0; i < 4 && !pump->stuck; i++)
            pump_readable(pump, 0);
        n = write(fd, lines_text, sizeof lines_text);
        if (n <= 0)
            break;
        total += (size_t)n;
    }
    return total;
}

static void stuck(int reader)
{
    int epoll_fd;
    struct pump *pump = open_pump(&epoll_fd);
    int fd = add(pump, 0, 1, FORM_PREFIX);
    (void)reader;
    size_t before = fill(pump, fd);
    if (!pump->stuck || before > 2 * (1 << 20))
        _exit(1);
    pump_tick(pump, clock_ms() + STUCK_MS + 1);
    /* The sink may have moved a little between; then it is given its time once more. */
    pump_tick(pump, clock_ms() + 2 * STUCK_MS + 2);
    if (pump->stuck || !pump->streams[0].dropping)
        _exit(2);
    for (int i = 0; i < 5; i++)
        fill(pump, fd);
    if (pump->streams[0].dropped < 1000)
        _exit(3);
    /* Both ends of the end: twice is as good as once. */
    pump_drain_all(pump);
    pump_drain_all(pump);
    if (lost_lines < 1000)
        _exit(4);
    close(fd);
    pump_process_ended(pump, 0);
    pump_drain_all(pump);
}

/* What a reader that comes back gets is whole lines, the dropped ones missing between them. */
static void recovered(int reader)
{
    static char got[1 << 22];
    int epoll_fd;
    struct pump *pump = open_pump(&epoll_fd);
    int fd = add(pump, 0, 1, FORM_PREFIX);
    fill(pump, fd);
    pump_tick(pump, clock_ms() + STUCK_MS + 1);
    pump_tick(pump, clock_ms() + 2 * STUCK_MS + 2);
    fill(pump, fd);
    fcntl(reader, F_SETFL, O_NONBLOCK);
    size_t length = 0;
    struct pollfd both[2] = {{.fd = reader, .events = POLLIN},
                             {.fd = sink_wake_fd(), .events = POLLIN}};
    while (poll(both, 2, pump->streams[0].dropping ? 5000 : 200) > 0) {
        ssize_t n = read(reader, got + length, sizeof got - length);
        length += n > 0 ? (size_t)n : 0;
        if (both[1].revents)
            pump_room(pump);
        if (!pump->streams[0].dropping && lost_lines)
            pump_readable(pump, 0);
    }
    if (pump->streams[0].dropping || !lost_lines || length < 100000)
        _exit(1);
    for (size_t at = 0; at < length;) {
        const char *newline = memchr(got + at, '\n', length - at);
        if (!newline)
            break;
        if (newline - (got + at) != 4 + 99 || memcmp(got + at, "p | xxxx", 8))
            _exit(2);
        at = (size_t)(newline - got) + 1;
    }
}

static void gone(int reader)
{
    int epoll_fd;
    struct pump *pump = open_pump(&epoll_fd);
    int fd = add(pump, 0, 1, FORM_PREFIX);
    signal(SIGPIPE, SIG_IGN);
    close(reader);
    fill(pump, fd);
    pump_drain_all(pump);
    if (pump->stuck || !lost_lines)
        _exit(1);
}

int main(void)
{
    fill_lines();
    in_stuck(stuck, "a stuck reader costs bounded memory, then lines, which are counted");
    in_stuck(recovered, "a reader that comes back gets whole lines");
    in_stuck(gone, "one that is gone costs lines at once");
    return verdict();
}
