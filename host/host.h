/*
 * The host: mechanism only. It starts, signals, reaps and probes what the
 * policy names by {process, run}; pids never leave it except to be printed.
 * It decides nothing: which process, when and why come in as actions.
 */
#ifndef TANDEM_HOST_H
#define TANDEM_HOST_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "pump.h"
#include "sink.h"

enum { LOGS_INHERIT, LOGS_PREFIX };

/* One process of the plan: how to start it, and its run of the moment. */
struct child {
    char *name;
    char **argv;
    char **env;
    char *cwd;
    int logs;
    bool stdin_inherit;
    uint32_t run;
    /* The main process; 0 when there is none that could be signalled. */
    pid_t pid;
    /* The group of the last run, as long as it may have members; else 0. */
    pid_t group;
    int probe_fd;
    uint16_t probe_port;
    bool probe_ipv6;
    int64_t probe_until_ms;
};

enum event_type { EV_SPAWNED, EV_SPAWN_FAILED, EV_EXITED, EV_GROUP_ENDED, EV_PROBE_FINISHED,
                  EV_SIGNAL_RECEIVED, EV_SWEPT };

struct event {
    enum event_type type;
    uint32_t process;
    uint32_t run;
    /* Three numbers and two texts whose meaning wire.c gives by type. The texts are literals. */
    int64_t a, b, c;
    const char *text, *more;
};

struct host {
    struct child *children;
    uint32_t children_count;
    struct event *events;
    size_t events_count, events_room;
    int epoll_fd, signal_fd, null_fd;
    sigset_t original_mask;
    struct rlimit original_nofile;
    bool pid1, subreaper, init_mode;
    struct pump *pump;
    int64_t wake_at_ms;      /* -1: none */
    uint32_t probes_running;
    uint32_t groups_watched; /* groups whose main has been reaped and that had members then */
    bool exit_asked;
    int exit_code;
    /* Set before the loop begins; from then on nothing here may end the process but the take-down. */
    volatile sig_atomic_t looping;
};

extern struct host host;

int64_t now_ms(void);
/* EINVAL -> "EINVAL"; a literal, never NULL. */
const char *errno_name(int error);

/* loop.c */
void loop_event(struct event event);
int loop_run(void);

/* spawn.c */
void spawn_child(uint32_t process, uint32_t run);

/* reap.c: collects everything that has ended, and the groups that have emptied. */
void reap_all(void);
void signal_child(uint32_t process, uint32_t run, int signal, bool group);
int64_t groups_next_wake_ms(void);

/* probe.c */
void probe_start(uint32_t process, uint32_t run, uint16_t port, int64_t timeout_ms);
void probe_event(uint32_t process);
void probe_tick(int64_t now);
int64_t probe_next_wake_ms(void);

/* sweep.c */
void sweep_start(int64_t grace_ms, int64_t kill_ms);
bool sweep_tick(int64_t now);
int64_t sweep_next_wake_ms(void);

/* log.c: Tandem's own lines; never blocks once the sinks are open. */
void log_text(const char *text, size_t length);
void log_tail(uint32_t process);

/* takedown.c: ends everything without the policy, and exits 70. Async-signal-safe. */
_Noreturn void takedown(const char *why);
void takedown_on_crash(void);

#define CHECK(fact) do { if (!(fact)) takedown("internal check failed: " #fact); } while (0)

/* epoll's user data: what a descriptor belongs to in the top byte, an index below. */
enum { TAG_SIGNAL = 1, TAG_PROBE = 2, TAG_PUMP = 3, TAG_SINK = 4 };
#define TAGGED(tag, index) (((uint64_t)(tag) << 56) | (uint64_t)(index))

#endif
