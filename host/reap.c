/*
 * Collects the dead, and watches groups that outlive their main process.
 *
 * A number is never reused under us: the kernel keeps it allocated while the
 * main process is unreaped or its group has a member. After the reap the group
 * is only signalled when no process bears the number itself: were it reused,
 * its new owner would (see docs/adr on groups).
 */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "examine.h"
#include "host.h"

/* How often a group whose members may not be our children is looked at. */
enum { GROUP_POLL_MS = 10 };

static int64_t groups_looked_at_ms;

static bool group_alive(pid_t group)
{
    if (kill(-group, 0) == 0)
        return true;
    return errno == EPERM;
}

static struct child *child_of(pid_t pid)
{
    for (uint32_t i = 0; i < host.children_count; i++)
        if (host.children[i].pid == pid)
            return &host.children[i];
    return NULL;
}

/* It said that it goes on as another process: that one is the main process from now on. */
static bool goes_on(struct child *child)
{
    pid_t next = word_successor(child);
    if (!next)
        return false;
    pid_t group = getpgid(next);
    child->pid = next;
    if (group > 0 && group != getpgrp())
        child->group = group;
    return true;
}

static void main_ended(struct child *child, const siginfo_t *info)
{
    uint32_t process = (uint32_t)(child - host.children);
    if (child->next_pid && goes_on(child))
        return;
    bool by_signal = info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED;
    child->pid = 0;
    child->oom_killed = by_signal && info->si_status == SIGKILL && oom_take();
    if (host.took_foreground && process == host.foreground && !host.init_mode) {
        /* The terminal comes back to whoever started us. */
        tcsetpgrp(0, getpgrp());
        host.took_foreground = false;
    }
    /* What it wrote before its death comes out before anything is said of it. */
    pump_process_ended(host.pump, process);
    loop_event((struct event){.type = EV_EXITED, .process = process, .run = child->run,
                              .a = by_signal ? 0 : info->si_status,
                              .b = by_signal ? info->si_status : 0,
                              .c = info->si_code == CLD_DUMPED ? 1 : 0});
}

static void main_stopped(const struct child *child, int signal)
{
    if (child)
        loop_event((struct event){.type = EV_STOPPED, .process = (uint32_t)(child - host.children),
                                  .run = child->run, .a = signal});
}

/* Groups are judged after the whole collection: their other members may be in it too. */
static void judge_groups(size_t first_event)
{
    for (size_t i = first_event; i < host.events_count; i++) {
        struct event *e = &host.events[i];
        if (e->type != EV_EXITED)
            continue;
        struct child *child = &host.children[e->process];
        orphans_collect(child);
        child->group = group_alive(child->group) ? child->group : 0;
        child->watched = child->group || child->orphans_count;
        e->c |= child->watched ? 2 : 0;
        host.groups_watched += child->watched ? 1 : 0;
    }
}

static void look_at_groups(void)
{
    for (uint32_t i = 0; i < host.children_count && host.groups_watched; i++) {
        struct child *child = &host.children[i];
        if (!child->watched)
            continue;
        child->group = child->group && group_alive(child->group) ? child->group : 0;
        if (child->group || child->orphans_count)
            continue;
        child->watched = false;
        host.groups_watched--;
        loop_event((struct event){.type = EV_GROUP_ENDED, .process = i, .run = child->run});
    }
    groups_looked_at_ms = now_ms();
}

static void other_reaped(const siginfo_t *info)
{
    probe_reaped(info->si_pid, info->si_code == CLD_EXITED && info->si_status == 0);
    if (host.groups_watched)
        orphans_reaped(info->si_pid);
}

void reap_all(void)
{
    size_t first_event = host.events_count;
    uint32_t watched_before = host.groups_watched;
    /* SIGCHLD coalesces (signal(7)), so collect until nothing is left. */
    for (;;) {
        siginfo_t info = {0};
        int r = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | (host.took_foreground ? WSTOPPED : 0));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0 || info.si_pid == 0)
            break;
        struct child *child = child_of(info.si_pid);
        if (info.si_code == CLD_STOPPED)
            main_stopped(child, info.si_status);
        else if (child)
            main_ended(child, &info);
        else
            other_reaped(&info);
    }
    if (watched_before)
        look_at_groups();
    judge_groups(first_event);
}

int64_t groups_next_wake_ms(void)
{
    return host.groups_watched ? groups_looked_at_ms + GROUP_POLL_MS : -1;
}

static void signal_group(struct child *child, int signal)
{
    orphans_signal(child, signal);
    /* Were its number in use again, its new owner would bear it itself. */
    if (child->group && (child->pid || kill(child->group, 0)))
        kill(-child->group, signal);
}

void signal_child(uint32_t process, uint32_t run, int signal, bool group, bool wake)
{
    CHECK(process < host.children_count);
    struct child *child = &host.children[process];
    int signals[] = {signal, wake ? SIGCONT : 0};
    if (child->run != run)
        return;
    for (size_t i = 0; i < 2 && signals[i]; i++) {
        if (group)
            signal_group(child, signals[i]);
        else if (child->pid)
            kill(child->pid, signals[i]);
    }
}
