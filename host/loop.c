/*
 * The loop: collect everything that has happened, call step once, apply what
 * it asks. Nothing acts while collecting. From the first turn on, only the
 * take-down may end the process early.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "engine.h"
#include "examine.h"
#include "journal.h"
#include "host.h"

int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void loop_event(struct event event)
{
    if (host.events_count == host.events_room) {
        size_t room = host.events_room ? host.events_room * 2 : 64;
        struct event *events = realloc(host.events, room * sizeof *events);
        /* An event that is lost would leave the policy waiting for ever. */
        CHECK(events);
        host.events = events;
        host.events_room = room;
    }
    host.events[host.events_count++] = event;
}

static void read_signals(void)
{
    struct signalfd_siginfo info[16];
    bool children = false;
    for (;;) {
        ssize_t n = read(host.signal_fd, info, sizeof info);
        if (n <= 0)
            break;
        for (size_t i = 0; i < (size_t)n / sizeof *info; i++) {
            int signal = (int)info[i].ssi_signo;
            if (signal == SIGCHLD)
                children = true;
            else if (signal == SIGHUP && host.swallow_hup)
                host.swallow_hup = false;
            else if (signal == SIGCONT && host.swallow_cont)
                host.swallow_cont = false;
            else if (signal != SIGPIPE)
                loop_event((struct event){.type = EV_SIGNAL_RECEIVED, .a = signal,
                                          .b = (int64_t)info[i].ssi_pid});
        }
    }
    if (children)
        reap_all();
}

void pump_matched(uint32_t process)
{
    loop_event((struct event){.type = EV_READY_TOLD, .process = process,
                              .run = host.children[process].run});
}

void pump_heard(uint32_t process, int which, const char *bytes, size_t length)
{
    control_heard(process, which, bytes, length);
}

static void dispatch(uint64_t data)
{
    uint32_t index = (uint32_t)(data & 0xffffffff);
    switch (data >> 56) {
    case TAG_SIGNAL: read_signals(); break;
    case TAG_PROBE: probe_event(index); break;
    case TAG_PUMP: pump_readable(host.pump, index); break;
    case TAG_WORD: word_event(index); break;
    case TAG_SINK: pump_room(host.pump); break;
    case TAG_CONTROL: control_event(index); break;
    default: CHECK(!"a descriptor without an owner");
    }
}

static int64_t sooner(int64_t a, int64_t b)
{
    if (a < 0)
        return b;
    return b >= 0 && b < a ? b : a;
}

static int wait_ms(int64_t now)
{
    int64_t at = host.wake_at_ms;
    if (host.events_count)
        return 0;
    at = sooner(at, probe_next_wake_ms());
    at = sooner(at, groups_next_wake_ms());
    at = sooner(at, sweep_next_wake_ms());
    at = sooner(at, pump_next_wake_ms(host.pump));
    at = sooner(at, control_next_wake_ms());
    if (at < 0)
        return -1;
    if (at <= now)
        return 0;
    return at - now > 3600000 ? 3600000 : (int)(at - now);
}

static void collect(void)
{
    struct epoll_event due[64];
    int n = epoll_wait(host.epoll_fd, due, 64, wait_ms(now_ms()));
    /* SIGCONT interrupts the wait when Tandem was stopped; there is just nothing to collect. */
    for (int i = 0; i < n; i++)
        dispatch(due[i].data.u64);
    int64_t now = now_ms();
    probe_tick(now);
    pump_tick(host.pump, now);
    control_tick(now);
    int64_t groups = groups_next_wake_ms();
    if (groups >= 0 && now >= groups)
        reap_all();
    sweep_tick(now);
}

static void answered(JSValue answer)
{
    if (JS_IsException(answer))
        takedown(engine_error(&supervisor));
    wire_apply(supervisor.context, answer);
    JS_FreeValue(supervisor.context, answer);
}

int loop_run(void)
{
    host.looping = 1;
    /* The first processes are on their way: this costs their start nothing. */
    oom_open();
    while (!host.exit_asked) {
        collect();
        int64_t now = now_ms();
        if (!host.events_count && (host.wake_at_ms < 0 || now < host.wake_at_ms))
            continue;
        JSValue batch = wire_batch(supervisor.context, now);
        JSValueConst arguments[] = {batch};
        JSValue answer = engine_call(&supervisor, "step", 1, arguments);
        if (!JS_IsException(answer))
            journal_step(supervisor.context, batch, answer);
        JS_FreeValue(supervisor.context, batch);
        answered(answer);
    }
    return host.exit_code;
}
