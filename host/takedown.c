/*
 * The take-down: what happens when policy throws, loops, runs out of memory,
 * or we crash. TERM, grace, KILL, reap, exit 70. It may run inside a signal
 * handler on an alternate stack: async-signal-safe calls only, no allocation
 * (signal-safety(7)).
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "facts.h"
#include "host.h"
#include "report.h"

enum { EXIT_SOFTWARE = 70, TAKEDOWN_GRACE_MS = 5000, TAKEDOWN_KILL_MS = 1000, TURN_MS = 5 };

static volatile sig_atomic_t under_way;

static void say(const char *text)
{
    ssize_t ignored = write(2, text, strlen(text));
    (void)ignored;
}

/* In one write each, so that nobody's line comes between. */
static void say_why(const char *why)
{
    char text[1024] = "tandem: internal error: ";
    static const char last[] = "\ntandem: stopping everything; exit code 70\n";
    size_t length = strlen(text), size = strnlen(why, sizeof text - length - sizeof last);
    memcpy(text + length, why, size);
    memcpy(text + length + size, last, sizeof last);
    say("\n");
    say(text);
    report_to_platform(text, strlen(text));
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
