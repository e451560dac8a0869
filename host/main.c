/*
 * Boot order. This is the only file that may simply exit: before the loop
 * begins a failure to start is said and ends with 70, afterwards only the
 * take-down may end us.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client.h"
#include "control.h"
#include "engine.h"
#include "facts.h"
#include "host.h"
#include "journal.h"
#include "keep.h"
#include "text.h"

enum { EXIT_SOFTWARE = 70 };

struct host host = {.wake_at_ms = -1, .null_fd = -1};
struct engine supervisor, configurer;

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "tandem: cannot %s: %s\n", what, why);
    facts_cleanup();
    exit(EXIT_SOFTWARE);
}

static void block_signals(void)
{
    sigset_t all;
    sigfillset(&all);
    /* A fault is ours to take at once, it can't be waited for (signalfd(2)). */
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&all, faults[i]);
    sigprocmask(SIG_SETMASK, &all, &host.original_mask);
    host.signal_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    if (host.signal_fd < 0)
        die("receive signals", strerror(errno));
}

/* A descriptor that is closed would be taken by the next open and written to by children. */
static void hold_standard_descriptors(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_WRONLY : O_RDONLY) < 0)
            break;
}

/* Standard input of every process: always at its end. */
static void open_null(void)
{
    int pipe_fds[2];
    host.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (host.null_fd >= 0)
        return;
    /* Without /dev, a pipe that nobody writes to reads the same. */
    if (pipe2(pipe_fds, O_CLOEXEC))
        die("open /dev/null", strerror(errno));
    close(pipe_fds[1]);
    host.null_fd = pipe_fds[0];
}

static void raise_nofile(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &host.original_nofile);
    limit = host.original_nofile;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void become_init(void)
{
    host.pid1 = getpid() == 1;
    /* Refusal is tolerated: then orphans go to whoever is PID 1. */
    host.subreaper = prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

static void write_all(int fd, const char *text, size_t length)
{
    while (length) {
        ssize_t n = write(fd, text, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        text += n;
        length -= (size_t)n;
    }
}

static void print_key(JSContext *context, JSValueConst outcome, const char *key, int fd)
{
    JSValue value = JS_GetPropertyStr(context, outcome, key);
    char *text = text_out(context, value);
    if (text)
        write_all(fd, text, strlen(text));
    free(text);
    JS_FreeValue(context, value);
}

static bool type_is(JSContext *context, JSValueConst outcome, const char *type)
{
    JSValue value = JS_GetPropertyStr(context, outcome, "type");
    const char *text = JS_ToCString(context, value);
    bool same = text && strcmp(text, type) == 0;
    JS_FreeCString(context, text);
    JS_FreeValue(context, value);
    return same;
}

static JSValue call_main(struct engine *engine, int argc, char **argv)
{
    JSContext *context = engine->context;
    JSValue words = JS_NewArray(context);
    for (int i = 0; i < argc; i++)
        JS_SetPropertyUint32(context, words, (uint32_t)i, text_in(context, argv[i]));
    JSValueConst arguments[] = {facts_new(context), words};
    return engine_call(engine, "main", 2, arguments);
}

/* What the configuring engine leaves behind; its arena is unmapped whole. */
struct configured {
    char *plan;
    size_t plan_length;
    bool verbose;
    char *journal;
    struct control_spec control;
};

static bool get_bool(JSContext *context, JSValueConst object, const char *key)
{
    JSValue value = JS_GetPropertyStr(context, object, key);
    bool yes = JS_ToBool(context, value) > 0;
    JS_FreeValue(context, value);
    return yes;
}

static void keep_control(JSContext *context, JSValueConst bound, struct control_spec *kept)
{
    JSValue control = JS_GetPropertyStr(context, bound, "control");
    JSValue paths = JS_GetPropertyStr(context, control, "paths");
    JSValue http = JS_GetPropertyStr(context, control, "http");
    kept->asked = get_bool(context, control, "asked");
    for (uint32_t i = 0; i < CONTROL_PATHS_MAX; i++) {
        JSValue path = JS_GetPropertyUint32(context, paths, i);
        if (!JS_IsUndefined(path))
            kept->paths[kept->paths_count++] = text_out(context, path);
    }
    if (JS_IsNull(http))
        return;
    uint32_t port = 0;
    JS_ToUint32(context, &port, JS_GetPropertyStr(context, http, "port"));
    kept->http_port = (uint16_t)port;
    kept->http_address = text_out(context, JS_GetPropertyStr(context, http, "address"));
}

static void keep(JSContext *context, JSValueConst outcome, struct configured *kept)
{
    JSValue bound = JS_GetPropertyStr(context, outcome, "bound");
    JSValue plan = JS_GetPropertyStr(context, bound, "plan");
    JSValue launches = JS_GetPropertyStr(context, bound, "launches");
    JSValue json = JS_JSONStringify(context, plan, JS_UNDEFINED, JS_UNDEFINED);
    const char *text = JS_ToCStringLen(context, &kept->plan_length, json);
    kept->plan = text ? malloc(kept->plan_length + 1) : NULL;
    host.own_logs = wire_logs(context, bound, "ownLogs");
    if (!kept->plan || wire_launches(context, launches))
        die("keep the plan", "out of memory");
    memcpy(kept->plan, text, kept->plan_length + 1);
    JSValue mode = JS_GetPropertyStr(context, plan, "mode");
    const char *word = JS_ToCString(context, mode);
    host.init_mode = word && strcmp(word, "init") == 0;
    keep_control(context, bound, &kept->control);
    kept->verbose = get_bool(context, outcome, "verbose");
    JSValue journal = JS_GetPropertyStr(context, outcome, "journal");
    kept->journal = JS_IsNull(journal) ? NULL : text_out(context, journal);
}

static int exit_code(JSContext *context, JSValueConst outcome)
{
    JSValue value = JS_GetPropertyStr(context, outcome, "code");
    int32_t code = EXIT_SOFTWARE;
    JS_ToInt32(context, &code, value);
    return code;
}

/* `tandem probe`: one question, with the loop's own means and no supervisor. */
static _Noreturn void ask_once(JSContext *context, JSValueConst outcome)
{
    static struct child asker = {.name = "probe", .probe = {.fd = -1}, .word = {.fd = -1}};
    JSValue spec = JS_GetPropertyStr(context, outcome, "spec");
    JSValue timeout = JS_GetPropertyStr(context, outcome, "timeoutMs");
    int32_t timeout_ms = 1000;
    JS_ToInt32(context, &timeout_ms, timeout);
    host.children = &asker;
    host.children_count = 1;
    host.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (host.epoll_fd < 0 || wire_probe(context, spec, &asker.asked))
        die("probe", strerror(errno));
    probe_start(0, 0, &asker.asked, timeout_ms, false);
    while (!host.events_count) {
        struct epoll_event due;
        int64_t left = probe_next_wake_ms() - now_ms();
        if (epoll_wait(host.epoll_fd, &due, 1, left > 0 ? (int)left : 0) > 0)
            probe_event((uint32_t)(due.data.u64 & 0xffffffff));
        probe_tick(now_ms());
    }
    if (!host.events[0].a)
        fprintf(stderr, "tandem: the probe failed: %s\n", host.events[0].text);
    exit(host.events[0].a ? 0 : 1);
}

/* Returns when there is something to supervise; exits when there is not. */
static void configure(int argc, char **argv, struct configured *kept)
{
    const char *why;
    if (engine_open(&configurer, ENGINE_CONFIGURE, &why))
        die("start the configuring engine", why);
    JSContext *context = configurer.context;
    JSValue outcome = call_main(&configurer, argc, argv);
    if (JS_IsException(outcome))
        die("read the configuration", engine_error(&configurer));
    if (type_is(context, outcome, "probe"))
        ask_once(context, outcome);
    if (type_is(context, outcome, "talk"))
        client_talk(&configurer, JS_GetPropertyStr(context, outcome, "talk"));
    if (type_is(context, outcome, "exit")) {
        print_key(context, outcome, "out", 1);
        print_key(context, outcome, "err", 2);
        int status = exit_code(context, outcome);
        facts_cleanup();
        exit(status);
    }
    print_key(context, outcome, "err", 2);
    keep(context, outcome, kept);
    engine_drop(&configurer);
}

static void watch_descriptors(void)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = TAGGED(TAG_SIGNAL, 0)};
    host.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (host.epoll_fd < 0 || epoll_ctl(host.epoll_fd, EPOLL_CTL_ADD, host.signal_fd, &ev))
        die("wait for events", strerror(errno));
    if (sinks_open())
        die("open the outputs", strerror(errno));
    ev.data.u64 = TAGGED(TAG_SINK, 0);
    if (epoll_ctl(host.epoll_fd, EPOLL_CTL_ADD, sink_wake_fd(), &ev))
        die("wait for events", strerror(errno));
    host.pump = pump_open(host.epoll_fd, TAG_PUMP);
    if (!host.pump)
        die("open the outputs", "out of memory");
}

/* A controlling terminal, whose hang-up reaches us (tty(4)). */
static bool has_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/*
 * The supervising engine opens beside the configuring one, on another
 * processor where there is one: neither needs anything of the other until the
 * plan is handed over.
 */
static struct {
    pthread_t thread;
    bool started;
    int r;
    const char *why;
} early;

static void *open_early(void *unused)
{
    (void)unused;
    early.r = engine_open(&supervisor, ENGINE_SUPERVISE, &early.why);
    return NULL;
}

static void open_supervisor(struct configured *kept)
{
    /* Where no thread could be made, it is done now. */
    if (early.started)
        pthread_join(early.thread, NULL);
    else
        open_early(NULL);
    if (early.r)
        die("start the supervising engine", early.why);
    engine_adopt(&supervisor);
    JSContext *context = supervisor.context;
    JSValue plan = JS_ParseJSON(context, kept->plan, kept->plan_length, "plan");
    JSValue options = JS_NewObject(context);
    JS_SetPropertyStr(context, options, "verbose", JS_NewBool(context, kept->verbose));
    JS_SetPropertyStr(context, options, "pid1", JS_NewBool(context, host.pid1));
    JS_SetPropertyStr(context, options, "terminal", JS_NewBool(context, has_terminal()));
    JS_SetPropertyStr(context, options, "seed", JS_NewInt64(context, now_ms() ^ getpid()));
    JS_SetPropertyStr(context, options, "nowMs", JS_NewInt64(context, now_ms()));
    free(kept->plan);
    JSValueConst arguments[] = {plan, options};
    JSValue answer = engine_call(&supervisor, "open", 2, arguments);
    if (JS_IsException(plan) || JS_IsException(answer))
        die("open the plan", engine_error(&supervisor));
    journal_head(context, plan, options, answer);
    JS_FreeValue(context, plan);
    JS_FreeValue(context, options);
    wire_apply(context, answer);
    JS_FreeValue(context, answer);
}

enum { LAST_WORDS_MS = 500 };

/* The build runs the binary that has bytecode in it once, for the images of its engines. */
static void save_images(void)
{
    const char *one = getenv("TANDEM_SAVE_SUPERVISE"), *other = getenv("TANDEM_SAVE_COMMANDS");
    if (!one || !other || engine_sections[ENGINE_SUPERVISE].unpacked)
        return;
    int r = engine_save(&supervisor, ENGINE_SUPERVISE, one);
    if (!r)
        r = engine_save(&configurer, ENGINE_CONFIGURE, other);
    if (r)
        die("save the images", strerror(-r));
    exit(0);
}

int main(int argc, char **argv)
{
    struct configured kept = {0};
    save_images();
    hold_standard_descriptors();
    block_signals();
    become_init();
    raise_nofile();
    early.started = pthread_create(&early.thread, NULL, open_early, NULL) == 0;
    configure(argc, argv, &kept);
    takedown_on_crash();
    open_null();
    watch_descriptors();
    int r = kept.journal ? journal_open(kept.journal) : 0;
    if (r)
        die("open the journal", strerror(-r));
    if (kept.control.paths_count)
        keep_open(host.children_count);
    open_supervisor(&kept);
    engine_forget_images();
    /* Processes start first; nobody can ask before them. */
    control_open(&kept.control);
    int code = loop_run();
    control_close();
    pump_drain_all(host.pump);
    sinks_drain(LAST_WORDS_MS);
    facts_cleanup();
    _exit(code);
}
