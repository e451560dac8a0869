/* The step door: events become plain objects, plain objects become actions. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "engine.h"
#include "host.h"
#include "log.h"
#include "text.h"
#include "wire.h"

static void spawned(JSContext *context, JSValue o, const struct event *e)
{
    set_int(context, o, "pid", e->a);
}

static void spawn_failed(JSContext *context, JSValue o, const struct event *e)
{
    set_text(context, o, "stage", e->text);
    set_text(context, o, "errno", e->more);
}

static void exited(JSContext *context, JSValue o, const struct event *e)
{
    set_int(context, o, "code", e->a);
    set_int(context, o, "signal", e->b);
    set_bool(context, o, "coreDumped", e->c & 1);
    set_bool(context, o, "groupAlive", e->c & 2);
}

static void nothing_more(JSContext *context, JSValue o, const struct event *e)
{
    (void)context;
    (void)o;
    (void)e;
}

static void probe_finished(JSContext *context, JSValue o, const struct event *e)
{
    set_bool(context, o, "passed", e->a);
    set_text(context, o, "detail", e->text);
}

static void stopped(JSContext *context, JSValue o, const struct event *e)
{
    set_int(context, o, "signal", e->a);
}

static void extended(JSContext *context, JSValue o, const struct event *e)
{
    set_int(context, o, "ms", e->a);
}

static void watchdog(JSContext *context, JSValue o, const struct event *e)
{
    set(context, o, "ms", e->a < 0 ? JS_NULL : JS_NewInt64(context, e->a));
}

static void signal_received(JSContext *context, JSValue o, const struct event *e)
{
    set_int(context, o, "signal", e->a);
    set_int(context, o, "sender", e->b);
}

static void swept(JSContext *context, JSValue o, const struct event *e)
{
    set_int(context, o, "signalled", e->a);
    set_int(context, o, "killed", e->b);
    set_int(context, o, "left", e->c & 1);
    set_bool(context, o, "blind", e->c & 2);
}

static void asked(JSContext *context, JSValue o, const struct event *e)
{
    set_int(context, o, "client", e->a);
    set_text(context, o, "by", e->b ? "http" : "line");
    set(context, o, "text", text_in(context, control_request((uint32_t)e->a)));
}

static const struct {
    const char *name;
    bool of_run;
    void (*fill)(JSContext *, JSValue, const struct event *);
} encoders[] = {
    [EV_SPAWNED] = {"spawned", true, spawned},
    [EV_SPAWN_FAILED] = {"spawn_failed", true, spawn_failed},
    [EV_EXITED] = {"exited", true, exited},
    [EV_GROUP_ENDED] = {"group_ended", true, nothing_more},
    [EV_STOPPED] = {"stopped", true, stopped},
    [EV_PRE_STOP_FINISHED] = {"pre_stop_finished", true, probe_finished},
    [EV_READY_TOLD] = {"ready_told", true, nothing_more},
    [EV_STOPPING_TOLD] = {"stopping_told", true, nothing_more},
    [EV_EXTENDED] = {"extended", true, extended},
    [EV_WATCHDOG] = {"watchdog", true, watchdog},
    [EV_WATCHDOG_TRIGGERED] = {"watchdog_triggered", true, nothing_more},
    [EV_PROBE_FINISHED] = {"probe_finished", true, probe_finished},
    [EV_SIGNAL_RECEIVED] = {"signal_received", false, signal_received},
    [EV_SWEPT] = {"swept", false, swept},
    [EV_ASKED] = {"asked", false, asked},
    [EV_EXAMINED] = {"examined", true, wire_examined},
};

JSValue wire_batch(JSContext *context, int64_t now)
{
    JSValue batch = JS_NewObject(context);
    JSValue events = JS_NewArray(context);
    for (size_t i = 0; i < host.events_count; i++) {
        const struct event *e = &host.events[i];
        JSValue o = JS_NewObject(context);
        set_text(context, o, "type", encoders[e->type].name);
        if (encoders[e->type].of_run) {
            set_int(context, o, "process", e->process);
            set_int(context, o, "run", e->run);
        }
        encoders[e->type].fill(context, o, e);
        CHECK(JS_SetPropertyUint32(context, events, (uint32_t)i, o) >= 0);
    }
    host.events_count = 0;
    set_int(context, batch, "nowMs", now);
    set(context, batch, "events", events);
    return batch;
}

static void do_spawn(JSContext *context, JSValueConst a)
{
    spawn_child((uint32_t)get_int(context, a, "process"), (uint32_t)get_int(context, a, "run"));
}

static void do_signal(JSContext *context, JSValueConst a)
{
    JSValue target = JS_GetPropertyStr(context, a, "target");
    const char *text = JS_ToCString(context, target);
    CHECK(text);
    signal_child((uint32_t)get_int(context, a, "process"), (uint32_t)get_int(context, a, "run"),
                 (int)get_int(context, a, "signal"), strcmp(text, "group") == 0,
                 get_bool(context, a, "wake"));
    JS_FreeCString(context, text);
    JS_FreeValue(context, target);
}

/* `port` asks where `start` would, but only whether anybody is there. */
static const struct probe_spec *spec_for(struct child *child, const char *what)
{
    static struct probe_spec port = {.kind = PROBE_TCP};
    if (strcmp(what, "health") == 0)
        return &child->health;
    if (strcmp(what, "port") != 0)
        return &child->asked;
    port.port = child->asked.port;
    return &port;
}

static void do_probe(JSContext *context, JSValueConst a)
{
    uint32_t process = (uint32_t)get_int(context, a, "process");
    JSValue value = JS_GetPropertyStr(context, a, "for");
    const char *what = JS_ToCString(context, value);
    CHECK(what && process < host.children_count);
    probe_start(process, (uint32_t)get_int(context, a, "run"),
                spec_for(&host.children[process], what), get_int(context, a, "timeoutMs"), false);
    JS_FreeCString(context, what);
    JS_FreeValue(context, value);
}

static void do_pre_stop(JSContext *context, JSValueConst a)
{
    uint32_t process = (uint32_t)get_int(context, a, "process");
    CHECK(process < host.children_count);
    probe_start(process, (uint32_t)get_int(context, a, "run"), &host.children[process].pre_stop,
                get_int(context, a, "timeoutMs"), true);
}

static void do_log(JSContext *context, JSValueConst a)
{
    JSValue value = JS_GetPropertyStr(context, a, "text");
    size_t length;
    const char *text = JS_ToCStringLen(context, &length, value);
    CHECK(text);
    JSValue severity = JS_GetPropertyStr(context, a, "severity");
    const char *word = JS_ToCString(context, severity);
    log_line(word ? level_named(word) : LEVEL_INFO, text, length, get_int(context, a, "tail"));
    JS_FreeCString(context, word);
    JS_FreeValue(context, severity);
    JS_FreeCString(context, text);
    JS_FreeValue(context, value);
}

static void do_sweep(JSContext *context, JSValueConst a)
{
    sweep_start(get_int(context, a, "graceMs"), get_int(context, a, "killMs"));
}

static void do_answer(JSContext *context, JSValueConst a)
{
    JSValue text_value = JS_GetPropertyStr(context, a, "text");
    JSValue head_value = JS_GetPropertyStr(context, a, "head");
    size_t length;
    const char *text = JS_ToCStringLen(context, &length, text_value);
    const char *head = JS_IsNull(head_value) ? NULL : JS_ToCString(context, head_value);
    CHECK(text && (head || JS_IsNull(head_value)));
    control_answer((uint32_t)get_int(context, a, "client"), head, text, length);
    JS_FreeCString(context, text);
    JS_FreeCString(context, head);
    JS_FreeValue(context, text_value);
    JS_FreeValue(context, head_value);
}

static void do_logs(JSContext *context, JSValueConst a)
{
    int64_t process = get_int(context, a, "process");
    control_logs((uint32_t)get_int(context, a, "client"),
                 process < 0 ? CONTROL_ALL : (uint32_t)process, get_bool(context, a, "follow"));
}

static void do_journal(JSContext *context, JSValueConst a)
{
    control_journal((uint32_t)get_int(context, a, "client"));
}

/* The terminal goes back to whoever waits for us, and to the command when we are continued. */
static void do_suspend(JSContext *context, JSValueConst a)
{
    (void)context;
    (void)a;
    if (host.took_foreground)
        tcsetpgrp(0, getpgrp());
    kill(getpid(), SIGSTOP);
    if (host.took_foreground && tcgetpgrp(0) == getpgrp() && host.children[host.foreground].group)
        tcsetpgrp(0, host.children[host.foreground].group);
}

/* Nobody waits for it: where it can't be made, that is said, and the stop goes on. */
static void do_mark(JSContext *context, JSValueConst a)
{
    JSValue value = JS_GetPropertyStr(context, a, "path");
    const char *path = JS_ToCString(context, value);
    CHECK(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd >= 0)
        close(fd);
    else {
        char text[512];
        int n = snprintf(text, sizeof text, "tandem: cannot say that a stop has begun: `%.300s`: %s",
                         path, strerror(errno));
        log_line(LEVEL_WARNING, text, (size_t)n, -1);
    }
    JS_FreeCString(context, path);
    JS_FreeValue(context, value);
}

static void do_exit(JSContext *context, JSValueConst a)
{
    host.exit_asked = true;
    host.exit_code = (int)get_int(context, a, "code");
}

static const struct {
    const char *name;
    void (*apply)(JSContext *, JSValueConst);
} appliers[] = {
    {"spawn", do_spawn}, {"signal", do_signal}, {"probe", do_probe}, {"log", do_log},
    {"pre_stop", do_pre_stop}, {"examine", wire_examine}, {"report", wire_report},
    {"answer", do_answer}, {"logs", do_logs}, {"journal", do_journal},
    {"sweep", do_sweep}, {"suspend", do_suspend}, {"mark", do_mark}, {"exit", do_exit},
};

static void apply_one(JSContext *context, JSValueConst action)
{
    JSValue type = JS_GetPropertyStr(context, action, "type");
    const char *name = JS_ToCString(context, type);
    CHECK(name);
    size_t i = 0;
    while (i < sizeof appliers / sizeof *appliers && strcmp(appliers[i].name, name) != 0)
        i++;
    CHECK(i < sizeof appliers / sizeof *appliers);
    appliers[i].apply(context, action);
    JS_FreeCString(context, name);
    JS_FreeValue(context, type);
}

void wire_apply(JSContext *context, JSValueConst answer)
{
    JSValue actions = JS_GetPropertyStr(context, answer, "actions");
    int64_t count = get_int(context, actions, "length");
    for (int64_t i = 0; i < count; i++) {
        JSValue action = JS_GetPropertyUint32(context, actions, (uint32_t)i);
        apply_one(context, action);
        JS_FreeValue(context, action);
    }
    JS_FreeValue(context, actions);
    /* The others have been told to end and are busy with it: what is left costs no time. */
    wire_examine_rest(context);
    host.wake_at_ms = get_int(context, answer, "wakeAtMs");
}
