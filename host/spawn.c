/* Starts one run: everything is prepared before vfork(2), the child only makes system calls. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "host.h"
#include "run.h"

/* What execvp(3) searches without PATH. */
static const char default_path[] = "/usr/local/bin:/bin:/usr/bin";

/* Shared with the child, which runs in our memory until exec succeeds. */
struct launch {
    const struct child *child;
    const char *path;
    char *const *argv;
    char *const *env;
    bool inherit_stdin;
    /* -1: as they are. */
    int out, err;
    /* A descriptor that it gets under a number of its own; -1: none. */
    int extra, extra_number;
    bool foreground;
    const char *volatile stage;
    volatile int error;
};

static const char *env_value(char *const *env, const char *name)
{
    size_t length = strlen(name);
    for (; *env; env++)
        if (strncmp(*env, name, length) == 0 && (*env)[length] == '=')
            return *env + length + 1;
    return NULL;
}

static void failed(struct launch *launch, const char *stage)
{
    launch->stage = stage;
    launch->error = errno;
    _exit(127);
}

/* After vfork: async-signal-safe calls only (vfork(2), signal-safety(7)). */
static _Noreturn void in_child(struct launch *launch)
{
    const struct child *child = launch->child;
    if (child->session ? setsid() < 0 : setpgid(0, 0))
        failed(launch, child->session ? "setsid" : "setpgid");
    /* The terminal that its parent has just given up; without one this fails, as it may. */
    if (child->session)
        ioctl(0, TIOCSCTTY, 0);
    /* TTOU is still blocked, so taking the foreground can't stop us (tcsetpgrp(3)). */
    if (launch->foreground)
        tcsetpgrp(0, getpid());
    if (!launch->inherit_stdin && dup2(host.null_fd, 0) < 0)
        failed(launch, "dup2");
    if (launch->out >= 0 && (dup2(launch->out, 1) < 0 || dup2(launch->err, 2) < 0))
        failed(launch, "dup2");
    /* dup2 to itself would leave it to be closed by exec (dup(2)). */
    if (launch->extra >= 0 && (launch->extra == launch->extra_number
                                   ? fcntl(launch->extra, F_SETFD, 0)
                                   : dup2(launch->extra, launch->extra_number)) < 0)
        failed(launch, "dup2");
    setrlimit(RLIMIT_NOFILE, &host.original_nofile);
    if (child->attributes && attributes_apply(child->attributes, &launch->stage))
        failed(launch, launch->stage);
    /*
     * When Tandem is killed outright, its children don't stay behind; init mode changes nothing.
     * A change of user takes the wish back, so it comes after (PR_SET_PDEATHSIG(2const)).
     */
    if (!host.init_mode)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (child->cwd && chdir(child->cwd))
        failed(launch, "chdir");
    sigprocmask(SIG_SETMASK, &host.original_mask, NULL);
    execve(launch->path, launch->argv, launch->env);
    failed(launch, "exec");
    _exit(127);
}

/* Apart, so that nothing of the caller lives in registers that the child could spoil. */
static __attribute__((noinline)) pid_t start(struct launch *launch)
{
    pid_t pid = vfork();
    if (pid == 0)
        in_child(launch);
    return pid;
}

static void report_failure(uint32_t process, uint32_t run, const char *stage, int error)
{
    loop_event((struct event){.type = EV_SPAWN_FAILED, .process = process, .run = run,
                              .text = stage, .more = errno_name(error)});
}

/* The session to come can only have a terminal that is nobody's. */
static void give_up_terminal(void)
{
    bool leader = getsid(0) == getpid();
    if (!isatty(0) || ioctl(0, TIOCNOTTY))
        return;
    host.swallow_hup = host.swallow_cont = leader;
}

static bool takes_foreground(const struct child *child)
{
    bool wants = host.init_mode || (child->attributes && child->attributes->tty);
    return wants && !child->session && isatty(0) && tcgetpgrp(0) == getpgrp();
}

const char *spawn_path(const struct child *child)
{
    const char *dirs = env_value(child->env, "PATH");
    return dirs ? dirs : default_path;
}

static int find(const struct child *child, const char *name, char *path, size_t size)
{
    return find_program(name, spawn_path(child), path, size);
}

pid_t spawn_beside(const struct child *child, char *const *argv)
{
    char path[4096];
    int r = find(child, argv[0], path, sizeof path);
    if (r)
        return r;
    struct environment env;
    const char *stage;
    r = environment_open(child, NULL, &env, &stage);
    if (r)
        return r;
    struct launch launch = {.child = child, .path = path, .argv = argv, .env = env.lines,
                            .extra = -1,
                            .out = host.null_fd, .err = host.null_fd};
    pid_t pid = start(&launch);
    int error = errno;
    environment_drop(&env);
    if (pid < 0)
        return -error;
    /* A child that failed is reaped by the loop like any orphan. */
    return launch.stage ? -launch.error : pid;
}

static void close_both(const int fds[2])
{
    if (fds[0] >= 0)
        close(fds[0]);
    if (fds[1] >= 0)
        close(fds[1]);
}

void spawn_child(uint32_t process, uint32_t run)
{
    CHECK(process < host.children_count);
    struct child *child = &host.children[process];
    char path[4096];
    const char *stage = "exec";
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    struct environment env = {0};
    child->run = run;
    child->next_pid = 0;
    child->oom_killed = false;
    int r = find(child, child->argv[0], path, sizeof path);
    /* In init mode the command's environment is its own. */
    if (!r)
        r = environment_open(child, host.init_mode ? NULL : ORPHAN_MARK, &env, &stage);
    if (!r)
        r = word_open(process, &stage);
    if (!r) {
        stage = "pipe";
        r = output_open(child, out, err);
    }
    if (r) {
        word_spawned(process);
        environment_drop(&env);
        report_failure(process, run, stage, -r);
        return;
    }
    struct launch launch = {.child = child, .path = path, .argv = child->argv,
                            .env = env.lines,
                            .inherit_stdin = child->stdin_inherit, .out = out[1], .err = err[1],
                            .extra = word_for_child(process), .extra_number = child->word.number,
                            .foreground = takes_foreground(child)};
    if (child->session)
        give_up_terminal();
    pid_t pid = start(&launch);
    int fork_error = errno;
    environment_drop(&env);
    word_spawned(process);
    if (pid < 0 || launch.stage) {
        close_both(out);
        close_both(err);
        /* The failed child is reaped by the loop like any orphan. */
        report_failure(process, run, pid < 0 ? "fork" : launch.stage,
                       pid < 0 ? fork_error : launch.error);
        return;
    }
    child->pid = pid;
    child->group = pid;
    if (launch.foreground) {
        host.took_foreground = true;
        host.foreground = process;
    }
    if (out[0] >= 0) {
        close(out[1]);
        close(err[1]);
        output_add(process, out[0], err[0]);
    }
    loop_event((struct event){.type = EV_SPAWNED, .process = process, .run = run, .a = pid});
}
