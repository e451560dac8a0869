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

#include "attributes.h"
#include "log.h"
#include "pump.h"
#include "sink.h"

enum probe_kind { PROBE_NONE, PROBE_TCP, PROBE_HTTP, PROBE_GRPC, PROBE_UNIX, PROBE_FILE,
                  PROBE_EXEC };

/* What to ask a process; of no more meaning here than that. */
struct probe_spec {
    enum probe_kind kind;
    uint16_t port;
    char *path;              /* of a socket or a file */
    char *text;              /* the HTTP request, or the gRPC service */
    int status_min, status_max;
    char **argv;
};

/* One question that is out. */
struct probe {
    bool out;
    bool ipv6, connected;
    uint32_t run;
    const struct probe_spec *spec;
    int fd;                  /* -1: none */
    pid_t pid;               /* of an exec; else 0 */
    int64_t until_ms;
    struct ask *ask;         /* of what answers in bytes */
};

/* How a process says something by itself. */
enum word_kind { WORD_NONE, WORD_LOG, WORD_NOTIFY, WORD_FD };

struct word {
    enum word_kind kind;
    char *text;              /* the pattern, or the path of the socket */
    int number;              /* the descriptor in the process */
    int fd;                  /* ours: the socket, or the read end; -1: none */
    void *pattern;           /* compiled */
};

/* In the environment of each process and of all that descend from it. */
#define ORPHAN_MARK "TANDEM_PROCESS="
enum { ORPHANS_MAX = 32 };

/* One process of the plan: how to start it, and its run of the moment. */
struct child {
    char *name;
    char **argv;
    char **env;              /* lines of our own environment, and of the changes */
    char **env_changes;
    char *cwd;
    struct logs logs;
    bool stdin_inherit;
    bool session;            /* leads one of its own, with the terminal */
    struct attributes *attributes; /* NULL: none */
    uint32_t run;
    /* The main process; 0 when there is none that could be signalled. */
    pid_t pid;
    /* The group of the last run, as long as it may have members; else 0. */
    pid_t group;
    /* Its main process has been reaped, and something of the run was there then. */
    bool watched;
    /* Descendants in groups of their own that came to us. */
    pid_t orphans[ORPHANS_MAX];
    uint32_t orphans_count;
    /* The one that it said it goes on as (sd_notify's MAINPID). */
    pid_t next_pid;
    /* The kernel counted a kill for lack of memory when it died. */
    bool oom_killed;
    struct probe_spec asked, health, pre_stop;
    struct word word;
    struct probe probe, drain;
};

enum event_type { EV_SPAWNED, EV_SPAWN_FAILED, EV_EXITED, EV_GROUP_ENDED, EV_STOPPED,
                  EV_PROBE_FINISHED, EV_PRE_STOP_FINISHED, EV_READY_TOLD, EV_STOPPING_TOLD,
                  EV_EXTENDED, EV_WATCHDOG, EV_WATCHDOG_TRIGGERED, EV_SIGNAL_RECEIVED, EV_SWEPT, EV_ASKED,
                  EV_EXAMINED };

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
    struct logs own_logs;    /* of what Tandem says itself */
    int64_t wake_at_ms;      /* -1: none */
    uint32_t probes_out;
    bool took_foreground;    /* the terminal was given to a process, to this one */
    uint32_t foreground;
    /* Giving up a terminal hangs it up on us, once (tty_ioctl(4)). */
    bool swallow_hup, swallow_cont;
    uint32_t groups_watched; /* groups whose main has been reaped and that had members then */
    bool exit_asked;
    int exit_code;
    /* Set before the loop begins; from then on nothing here may end the process but the take-down. */
    volatile sig_atomic_t looping;
    volatile sig_atomic_t taken_down;
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
/* Where its programs are looked for, as in PATH. */
const char *spawn_path(const struct child *child);
/* A program beside a process, in its environment, in a group of its own: its pid, or -errno. */
pid_t spawn_beside(const struct child *child, char *const *argv);

/* reap.c: collects everything that has ended, and the groups that have emptied. */
void reap_all(void);
void signal_child(uint32_t process, uint32_t run, int signal, bool group, bool wake);
int64_t groups_next_wake_ms(void);

/* probe.c; `index` is twice the process, and one more for its pre_stop. */
void probe_start(uint32_t process, uint32_t run, const struct probe_spec *spec,
                 int64_t timeout_ms, bool pre_stop);
void probe_event(uint32_t index);
void probe_tick(int64_t now);
int64_t probe_next_wake_ms(void);
/* A program that was not a process has ended; it may have been a probe's. */
void probe_reaped(pid_t pid, bool well);

/* word.c */
/* Opens what the process will speak through. 0 or -errno, and the name of the call in `stage`. */
int word_open(uint32_t process, const char **stage);
/* The descriptor that the process is to have as `word.number`; -1: none. */
int word_for_child(uint32_t process);
void word_spawned(uint32_t process);
void word_event(uint32_t process);
/* What it goes on as has to be known before its main process is reaped; 0: nothing. */
pid_t word_successor(struct child *child);

/* orphans.c */
void orphans_collect(struct child *child);
void orphans_signal(const struct child *child, int signal);
void orphans_reaped(pid_t pid);

/* descend.c: the parent of a process by /proc; -1: unknown, or it is a zombie. */
pid_t parent_of_pid(pid_t pid);
bool is_descendant(pid_t pid);

/* sweep.c */
void sweep_start(int64_t grace_ms, int64_t kill_ms);
bool sweep_tick(int64_t now);
int64_t sweep_next_wake_ms(void);

/* output.c: the pipes for a new run, -1 where it inherits ours. 0 or -errno. */
int output_open(const struct child *child, int out[2], int err[2]);
void output_add(uint32_t process, int out, int err);

/* takedown.c: ends everything without the policy, and exits 70. Async-signal-safe. */
_Noreturn void takedown(const char *why);
void takedown_on_crash(void);

#define CHECK(fact) do { if (!(fact)) takedown("internal check failed: " #fact); } while (0)

/* epoll's user data: what a descriptor belongs to in the top byte, an index below. */
enum { TAG_SIGNAL = 1, TAG_PROBE = 2, TAG_PUMP = 3, TAG_SINK = 4, TAG_WORD = 5, TAG_CONTROL = 6 };
#define TAGGED(tag, index) (((uint64_t)(tag) << 56) | (uint64_t)(index))

#endif
