/*
 * The take-down: what happens when policy throws, loops, runs out of memory,
 * or we crash. TERM, grace, KILL, reap, exit 70. It may run inside a signal
 * handler on an alternate stack: async-signal-safe calls only, no allocation
 * (signal-safety(7)).
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "facts.h"
#include "host.h"
#include "report.h"

enum { EXIT_SOFTWARE = 70, TAKEDOWN_GRACE_MS = 5000, TAKEDOWN_KILL_MS = 1000, TURN_MS = 5, SAY_MS = 100 };

static volatile sig_atomic_t under_way;

/* A reader that is stuck must not keep us; a pipe that is writable takes this much (pipe(7)). */
static void say(const char *text, size_t length)
{
    struct pollfd wait = {.fd = 2, .events = POLLOUT};
    for (ssize_t wrote; length && poll(&wait, 1, SAY_MS) > 0; text += wrote, length -= (size_t)wrote) {
        wrote = write(2, text, length < PIPE_BUF ? length : PIPE_BUF);
        if (wrote <= 0)
            return;
    }
}

static void say_why(const char *why)
{
    static const char before[] = "tandem: internal error: ";
    static const char after[] = "\ntandem: stopping everything; exit code 70";
    static char text[2048], entry[6 * sizeof text];
    size_t length = strlen(why), most = sizeof text - sizeof before - sizeof after;
    length = length < most ? length : most;
    char *to = stpcpy(text, before);
    memcpy(to, why, length);
    to = stpcpy(to + length, after);
    /* What others were just writing ends here; and in one write, so that nobody comes between. */
    say("\n", 1);
    if (host.own_logs.kind == FORM_JSON)
        say(entry, log_entry(entry, sizeof entry, LEVEL_CRITICAL, text, (size_t)(to - text)));
    *to++ = '\n';
    if (host.own_logs.kind != FORM_JSON)
        say(text, (size_t)(to - text));
    report_to_platform(text, (size_t)(to - text));
}

static void signal_everyone(int signal)
{
    if (host.pid1)
        kill(-1, signal);
    for (uint32_t i = 0; host.children && i < host.children_count; i++)
        if (host.children[i].group)
            kill(-host.children[i].group, signal);
}

/* True when no child is left. */
static bool reap_for(int64_t ms)
{
    struct timespec turn = {0, TURN_MS * 1000000};
    for (int64_t spent = 0; spent <= ms; spent += TURN_MS) {
        pid_t pid;
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
            ;
        if (pid < 0 && errno == ECHILD)
            return true;
        nanosleep(&turn, NULL);
    }
    return false;
}

_Noreturn void takedown(const char *why)
{
    /* A crash inside the take-down must not start it again. */
    if (under_way)
        _exit(EXIT_SOFTWARE);
    under_way = 1;
    host.taken_down = true;
    say_why(why);
    signal_everyone(SIGTERM);
    signal_everyone(SIGCONT);
    if (!reap_for(TAKEDOWN_GRACE_MS)) {
        signal_everyone(SIGKILL);
        reap_for(TAKEDOWN_KILL_MS);
    }
    facts_cleanup();
    _exit(EXIT_SOFTWARE);
}

static void crashed(int signal)
{
    switch (signal) {
    case SIGSEGV: takedown("segmentation fault");
    case SIGBUS: takedown("bus error");
    case SIGILL: takedown("illegal instruction");
    case SIGFPE: takedown("arithmetic error");
    default: takedown("aborted");
    }
}

void takedown_on_crash(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    /* A stack of its own: the crash may be that ours is used up. */
    static char stack[16384];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = crashed, .sa_flags = SA_ONSTACK | SA_NODEFER};
    sigaltstack(&alternate, NULL);
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
}
