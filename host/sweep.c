/*
 * Ends whatever descendants are left: TERM, a grace, KILL, bounded in time.
 *
 * As PID 1 kill(-1) reaches everything in the namespace. Otherwise descendants
 * are found through /proc; without /proc only the groups we made are known.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"

enum { SWEEP_POLL_MS = 5, DESCENDANTS_MAX = 4096, PASSES_MAX = 8 };

static struct {
    bool running;
    int64_t kill_at_ms, give_up_at_ms, next_ms;
    uint32_t signalled, killed;
    bool blind;              /* without /proc: only groups that we made are known */
} sweep;

static bool no_child_left(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

struct parent_of { pid_t pid, parent; };

/* Fills `found` with our descendants; the number, or -errno without /proc. */
static int find_descendants(struct parent_of *all, pid_t *found)
{
    DIR *proc = opendir("/proc");
    int all_count = 0, count = 0, before = -1;
    if (!proc)
        return -ENOENT;
    for (struct dirent *entry; (entry = readdir(proc)) && all_count < DESCENDANTS_MAX;) {
        pid_t parent = isdigit((unsigned char)*entry->d_name)
                           ? parent_of_pid((pid_t)atol(entry->d_name)) : -1;
        if (parent >= 0)
            all[all_count++] = (struct parent_of){(pid_t)atol(entry->d_name), parent};
    }
    closedir(proc);
    /* The folder is there and nothing is mounted on it: not even we are in it. */
    if (all_count == 0)
        return -ENOENT;
    pid_t self = getpid();
    while (before != count) {
        before = count;
        for (int i = 0; i < all_count; i++) {
            bool ours = all[i].parent == self;
            for (int j = 0; j < count && !ours; j++)
                ours = all[i].parent == found[j];
            if (ours && all[i].pid) {
                found[count++] = all[i].pid;
                all[i].pid = 0;
                all[i].parent = -1;
            }
        }
    }
    return count;
}

static int signal_groups(int signal)
{
    int n = 0;
    for (uint32_t i = 0; i < host.children_count; i++)
        if (host.children[i].group && kill(-host.children[i].group, signal) == 0)
            n++;
    return n;
}

/* Those who could fork while being killed are stopped first, in bounded passes. */
static int signal_descendants(int signal)
{
    static struct parent_of all[DESCENDANTS_MAX];
    static pid_t found[DESCENDANTS_MAX];
    int count = find_descendants(all, found);
    if (count < 0) {
        sweep.blind = true;
        return signal_groups(signal);
    }
    for (int pass = 0, before = -1; signal == SIGKILL && pass < PASSES_MAX && before != count;
         pass++) {
        before = count;
        for (int i = 0; i < count; i++)
            kill(found[i], SIGSTOP);
        count = find_descendants(all, found);
    }
    for (int i = 0; i < count; i++)
        kill(found[i], signal);
    return count;
}

static int signal_all(int signal)
{
    if (!host.pid1)
        return signal_descendants(signal);
    return kill(-1, signal) == 0 ? 1 : 0;
}

static void finish(bool left)
{
    sweep.running = false;
    loop_event((struct event){.type = EV_SWEPT, .a = sweep.signalled, .b = sweep.killed,
                              .c = (left ? 1 : 0) | (sweep.blind ? 2 : 0)});
}

void sweep_start(int64_t grace_ms, int64_t kill_ms)
{
    int64_t now = now_ms();
    sweep.running = true;
    sweep.signalled = sweep.killed = 0;
    sweep.blind = false;
    sweep.kill_at_ms = now + grace_ms;
    sweep.give_up_at_ms = sweep.kill_at_ms + kill_ms;
    sweep.next_ms = now;
    reap_all();
    /* Orphans come to us as PID 1 or subreaper, so no child left means nobody is. */
    if (no_child_left() && (host.pid1 || host.subreaper)) {
        finish(false);
        return;
    }
    sweep.signalled = (uint32_t)signal_all(SIGTERM);
    /* A stopped process acts on TERM only once it continues. */
    signal_all(SIGCONT);
}

bool sweep_tick(int64_t now)
{
    if (!sweep.running)
        return false;
    reap_all();
    if (no_child_left()) {
        finish(false);
        return true;
    }
    if (now >= sweep.give_up_at_ms) {
        finish(true);
        return true;
    }
    if (now >= sweep.kill_at_ms)
        sweep.killed += (uint32_t)signal_all(SIGKILL);
    sweep.next_ms = now + SWEEP_POLL_MS;
    return true;
}

int64_t sweep_next_wake_ms(void)
{
    return sweep.running ? sweep.next_ms : -1;
}
