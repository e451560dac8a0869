#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"

int find_program(const char *name, const char *dirs, char *path, size_t size)
{
    int error = -ENOENT;
    if (!name || !*name)
        return -ENOENT;
    if (strchr(name, '/'))
        return snprintf(path, size, "%s", name) < (int)size ? 0 : -ENAMETOOLONG;
    for (const char *at = dirs;; at++) {
        size_t length = strcspn(at, ":");
        struct stat st;
        int n = snprintf(path, size, "%.*s%s%s", (int)length, at, length ? "/" : "", name);
        if (n < (int)size && stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
            if (access(path, X_OK) == 0)
                return 0;
            error = -EACCES;
        }
        at += length;
        if (!*at)
            return error;
    }
}

static _Noreturn void in_child(char *const *argv, int out)
{
    int null_fd = open("/dev/null", O_RDONLY);
    setpgid(0, 0);
    if (null_fd >= 0)
        dup2(null_fd, 0);
    dup2(out, 1);
    dup2(out, 2);
    sigprocmask(SIG_SETMASK, &host.original_mask, NULL);
    execv(argv[0], argv);
    _exit(127);
}

/* Reads until the end or the time is over: 0 or -ETIMEDOUT. */
static int read_until(int fd, int64_t until_ms, char *output, size_t size, size_t *length)
{
    char rest[512];
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int64_t left = until_ms - now_ms();
        if (left <= 0)
            return -ETIMEDOUT;
        if (poll(&wait, 1, (int)left) <= 0)
            continue;
        size_t room = size - *length;
        ssize_t n = room ? read(fd, output + *length, room) : read(fd, rest, sizeof rest);
        if (n == 0 || (n < 0 && errno != EINTR))
            return 0;
        if (room && n > 0)
            *length += (size_t)n;
    }
}

int run_program(char *const *argv, int64_t timeout_ms, char *output, size_t size, size_t *length)
{
    int fds[2], status = 0;
    *length = 0;
    if (pipe2(fds, O_CLOEXEC))
        return -errno;
    pid_t pid = fork();
    if (pid == 0)
        in_child(argv, fds[1]);
    int error = errno;
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return -error;
    }
    setpgid(pid, pid);
    int r = read_until(fds[0], now_ms() + timeout_ms, output, size, length);
    close(fds[0]);
    if (r)
        kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (r)
        return r;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
