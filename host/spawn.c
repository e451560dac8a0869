/* Starts one run: everything is prepared before vfork(2), the child only makes system calls. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    int out, err;
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
    if (setpgid(0, 0))
        failed(launch, "setpgid");
    /* TTOU is still blocked, so taking the foreground can't stop us (tcsetpgrp(3)). */
    if (launch->foreground)
        tcsetpgrp(0, getpid());
    if (!child->stdin_inherit && dup2(host.null_fd, 0) < 0)
        failed(launch, "dup2");
    if (launch->out >= 0 && (dup2(launch->out, 1) < 0 || dup2(launch->err, 2) < 0))
        failed(launch, "dup2");
    /* When Tandem is killed outright, its children don't stay behind; init mode changes nothing. */
    if (!host.init_mode)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_NOFILE, &host.original_nofile);
    if (child->cwd && chdir(child->cwd))
        failed(launch, "chdir");
    sigprocmask(SIG_SETMASK, &host.original_mask, NULL);
    execve(launch->path, child->argv, child->env);
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

static int open_pipes(uint32_t process, int out[2], int err[2])
{
    struct child *child = &host.children[process];
    if (child->logs == LOGS_INHERIT)
        return 0;
    if (pipe2(out, O_CLOEXEC))
        return -errno;
    if (pipe2(err, O_CLOEXEC)) {
        int r = -errno;
        close(out[0]);
        close(out[1]);
        return r;
    }
    return 0;
}

static void add_streams(uint32_t process, int out, int err)
{
    char prefix[160];
    int n = snprintf(prefix, sizeof prefix, "%s", host.children[process].name);
    size_t width = 0;
    for (uint32_t i = 0; i < host.children_count; i++) {
        size_t length = strlen(host.children[i].name);
        width = length > width ? length : width;
    }
    if (n > 120)
        n = 120;
    while ((size_t)n < width && n < 120)
        prefix[n++] = ' ';
    memcpy(prefix + n, " | ", 3);
    if (pump_add(host.pump, process, 1, out, prefix, (size_t)n + 3, PUMP_PREFIX))
        close(out);
    if (pump_add(host.pump, process, 2, err, prefix, (size_t)n + 3, PUMP_PREFIX))
        close(err);
}

static bool takes_foreground(void)
{
    return host.init_mode && isatty(0) && tcgetpgrp(0) == getpgrp();
}

void spawn_child(uint32_t process, uint32_t run)
{
    CHECK(process < host.children_count);
    struct child *child = &host.children[process];
    char path[4096];
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    child->run = run;
    const char *dirs = env_value(child->env, "PATH");
    int r = find_program(child->argv[0], dirs ? dirs : default_path, path, sizeof path);
    if (r) {
        report_failure(process, run, "exec", -r);
        return;
    }
    r = open_pipes(process, out, err);
    if (r) {
        report_failure(process, run, "pipe", -r);
        return;
    }
    struct launch launch = {.child = child, .path = path, .out = out[1], .err = err[1],
                            .foreground = takes_foreground()};
    pid_t pid = start(&launch);
    int fork_error = errno;
    if (out[1] >= 0) {
        close(out[1]);
        close(err[1]);
    }
    if (pid < 0 || launch.stage) {
        if (out[0] >= 0) {
            close(out[0]);
            close(err[0]);
        }
        /* The failed child is reaped by the loop like any orphan. */
        report_failure(process, run, pid < 0 ? "fork" : launch.stage,
                       pid < 0 ? fork_error : launch.error);
        return;
    }
    child->pid = pid;
    child->group = pid;
    if (out[0] >= 0)
        add_streams(process, out[0], err[0]);
    loop_event((struct event){.type = EV_SPAWNED, .process = process, .run = run, .a = pid});
}
