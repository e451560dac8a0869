/*
 * What the bench runs under each supervisor: it stamps the times that matter
 * into files, without a runtime's own in them.
 *
 *     child FILE            writes when main() was reached into FILE, then waits:
 *                           TERM: writes FILE.term, ends with 0; USR1: writes FILE.dead, ends with 7
 *     child -x FILE CMD…    runs CMD; FILE gets when it was executed, when it had ended, its status
 *     child -o N            makes N orphans that end at once, a few hundred at a time, then ends
 *     child -w N TEXT       writes N numbered lines of 100 bytes that begin with TEXT
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
    close(fd);
    return n == (ssize_t)strlen(text) ? 0 : 1;
}

static int stamp(const char *path, const char *suffix)
{
    char name[4096];
    char text[32];
    long long t = now_ns();
    snprintf(name, sizeof name, "%s%s", path, suffix);
    snprintf(text, sizeof text, "%lld", t);
    return put(name, text);
}

static int launch(const char *path, char **command)
{
    char text[96];
    int status = 0;
    long long from = now_ns();
    pid_t pid = vfork();
    if (pid == 0) {
        execvp(command[0], command);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    snprintf(text, sizeof text, "%lld %lld %d", from, now_ns(), code);
    return put(path, text);
}

static int orphans(int count)
{
    for (int made = 0; made < count;) {
        /* One that ends before its own: they are orphans when they end. */
        pid_t between = fork();
        if (between == 0) {
            for (int i = 0; i < 200 && made + i < count; i++) {
                pid_t leaf = vfork();
                if (leaf == 0) {
                    execl("/bin/true", "true", (char *)NULL);
                    _exit(0);
                }
                if (leaf < 0)
                    break;
            }
            _exit(0);
        }
        if (between < 0)
            return 1;
        waitpid(between, NULL, 0);
        made += 200;
    }
    return 0;
}

static int lines(int count, const char *text)
{
    static char block[100 * 600];
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        int n = snprintf(block + used, 101, "%s %08d ", text, i);
        memset(block + used + n, 'x', (size_t)(99 - n));
        block[used + 99] = '\n';
        used += 100;
        if (used == sizeof block || i == count - 1) {
            for (size_t at = 0; at < used;) {
                ssize_t put_now = write(1, block + at, used - at);
                if (put_now <= 0)
                    return 1;
                at += (size_t)put_now;
            }
            used = 0;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 3 && strcmp(argv[1], "-x") == 0)
        return launch(argv[2], argv + 3);
    if (argc == 3 && strcmp(argv[1], "-o") == 0)
        return orphans(atoi(argv[2]));
    if (argc == 4 && strcmp(argv[1], "-w") == 0)
        return lines(atoi(argv[2]), argv[3]);
    if (argc != 2)
        return 64;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    /* Before the stamp: whoever sees it may send a signal. */
    sigprocmask(SIG_BLOCK, &set, NULL);
    if (stamp(argv[1], ""))
        return 1;
    int signal = 0;
    sigwait(&set, &signal);
    stamp(argv[1], signal == SIGTERM ? ".term" : ".dead");
    return signal == SIGTERM ? 0 : 7;
}
