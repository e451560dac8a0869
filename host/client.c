/*
 * Connects, waits and writes; what is asked and shown is the policy's. It is a
 * process of its own, so it may block on its output, and on nothing else.
 */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "door.h"
#include "facts.h"
#include "host.h"
#include "text.h"

enum { EXIT_SOFTWARE = 70, PATHS_MAX = 64, ANSWER_MAX = 1 << 24 };

static struct {
    struct engine *engine;
    JSContext *context;
    JSValueConst talk;
    int fd;
    int64_t wake_at_ms;      /* -1: never */
    char *in;
    size_t in_length, in_room;
    char *enter, *leave;
    bool entered;
} client = {.fd = -1, .wake_at_ms = -1};

static void write_all(int fd, const char *bytes, size_t length)
{
    while (length) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        /* A reader that has left wants nothing more of it. */
        if (n <= 0)
            exit(0);
        bytes += n;
        length -= (size_t)n;
    }
}

static void enter_or_leave(bool enter)
{
    char *text = enter ? client.enter : client.leave;
    if (client.entered != enter && isatty(1))
        write_all(1, text, strlen(text));
    client.entered = enter;
}

static _Noreturn void leave(int code)
{
    enter_or_leave(false);
    facts_cleanup();
    exit(code);
}

static char *get_text(JSValueConst object, const char *key)
{
    JSValue value = JS_GetPropertyStr(client.context, object, key);
    char *text = JS_IsNull(value) ? NULL : text_out(client.context, value);
    JS_FreeValue(client.context, value);
    return text;
}

static int64_t get_int(JSValueConst object, const char *key)
{
    JSValue value = JS_GetPropertyStr(client.context, object, key);
    int64_t n = -1;
    if (!JS_IsNull(value))
        JS_ToInt64(client.context, &n, value);
    JS_FreeValue(client.context, value);
    return n;
}

static void wake_in(JSValueConst said)
{
    int64_t ms = get_int(said, "wakeInMs");
    client.wake_at_ms = ms < 0 ? -1 : now_ms() + ms;
}

static void ask(char *request)
{
    size_t length = request ? strlen(request) : 0;
    if (!request)
        return;
    request[length] = '\n';
    /* Blocking, but a Tandem that does not read one line is not there for long. */
    for (size_t sent = 0; sent < length + 1;) {
        ssize_t n = send(client.fd, request + sent, length + 1 - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    free(request);
}

static JSValue size_of_terminal(void)
{
    struct winsize size = {0};
    JSValue value = JS_NewObject(client.context);
    if (ioctl(1, TIOCGWINSZ, &size))
        size.ws_col = size.ws_row = 0;
    JS_SetPropertyStr(client.context, value, "columns", JS_NewInt32(client.context, size.ws_col));
    JS_SetPropertyStr(client.context, value, "rows", JS_NewInt32(client.context, size.ws_row));
    return value;
}

static void show(JSValueConst said, const char *key, int fd)
{
    char *text = get_text(said, key);
    if (text)
        write_all(fd, text, strlen(text));
    free(text);
}

/* Tells the policy what was heard, and does what it says. */
static void hear(JSValue heard)
{
    JSContext *context = client.context;
    JSValue function = JS_GetPropertyStr(context, client.talk, "hear");
    JSValue size = size_of_terminal();
    JSValueConst arguments[] = {heard, size};
    JSValue said = engine_run(client.engine, function, 2, arguments);
    if (JS_IsException(said)) {
        const char *why = engine_error(client.engine);
        enter_or_leave(false);
        fprintf(stderr, "tandem: cannot read the answer: %s\n", why);
        leave(EXIT_SOFTWARE);
    }
    int64_t code = get_int(said, "code");
    if (code >= 0)
        enter_or_leave(false);
    show(said, "out", 1);
    show(said, "err", 2);
    if (code >= 0)
        leave((int)code);
    ask(get_text(said, "ask"));
    wake_in(said);
    JS_FreeValue(context, said);
    JS_FreeValue(context, size);
    JS_FreeValue(context, function);
    JS_FreeValue(context, heard);
}

static JSValue heard_of(const char *type)
{
    JSValue heard = JS_NewObject(client.context);
    JS_SetPropertyStr(client.context, heard, "type", JS_NewString(client.context, type));
    return heard;
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int r = connect(fd, (struct sockaddr *)&address, sizeof address) ? -errno : 0;
    /* In /tmp anybody can listen: what he says is not a Tandem of ours. Root may look at all. */
    if (!r && geteuid() != 0 && !door_knows(fd))
        r = -EPERM;
    if (r)
        close(fd);
    return r ? r : fd;
}

static void connect_first(void)
{
    JSContext *context = client.context;
    JSValue paths = JS_GetPropertyStr(context, client.talk, "paths");
    JSValue errors = JS_NewArray(context);
    for (uint32_t i = 0; i < PATHS_MAX && client.fd < 0; i++) {
        JSValue value = JS_GetPropertyUint32(context, paths, i);
        char *path = JS_IsUndefined(value) ? NULL : text_out(context, value);
        if (!path)
            break;
        client.fd = connect_to(path);
        if (client.fd < 0)
            JS_SetPropertyUint32(context, errors, i,
                                 JS_NewString(context, errno_name(-client.fd)));
        free(path);
        JS_FreeValue(context, value);
    }
    if (client.fd >= 0)
        return;
    JSValue heard = heard_of("nobody");
    JS_SetPropertyStr(context, heard, "errors", errors);
    hear(heard);
    leave(EXIT_SOFTWARE);
}

static void hear_lines(void)
{
    for (;;) {
        char *end = memchr(client.in, '\n', client.in_length);
        if (!end)
            return;
        size_t taken = (size_t)(end - client.in) + 1;
        *end = '\0';
        JSValue heard = heard_of("line");
        JS_SetPropertyStr(client.context, heard, "text", text_in(client.context, client.in));
        hear(heard);
        memmove(client.in, client.in + taken, client.in_length - taken);
        client.in_length -= taken;
    }
}

static void read_in(void)
{
    if (client.in_length == client.in_room) {
        client.in_room = client.in_room ? client.in_room * 2 : 65536;
        client.in = client.in_room > ANSWER_MAX ? NULL : realloc(client.in, client.in_room);
        if (!client.in)
            leave(EXIT_SOFTWARE);
    }
    ssize_t n = recv(client.fd, client.in + client.in_length, client.in_room - client.in_length, 0);
    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0) {
        hear(heard_of("end"));
        leave(EXIT_SOFTWARE);
    }
    client.in_length += (size_t)n;
    hear_lines();
}

/* As every program in a terminal: it stops, and whoever is behind it gets the terminal as it was. */
static void suspend(void)
{
    enter_or_leave(false);
    kill(getpid(), SIGSTOP);
    enter_or_leave(true);
}

static void read_signal(void)
{
    struct signalfd_siginfo info;
    if (read(host.signal_fd, &info, sizeof info) != sizeof info)
        return;
    int signal = (int)info.ssi_signo;
    if (signal == SIGTSTP)
        suspend();
    bool ends = signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
    if (!ends && signal != SIGWINCH && signal != SIGTSTP)
        return;
    JSValue heard = heard_of("signal");
    /* Back from a pause everything is drawn anew. */
    JS_SetPropertyStr(client.context, heard, "signal",
                      JS_NewInt32(client.context, ends ? signal : SIGWINCH));
    hear(heard);
}

void client_talk(struct engine *engine, JSValueConst talk)
{
    client.engine = engine;
    client.context = engine->context;
    client.talk = talk;
    client.enter = get_text(talk, "enter");
    client.leave = get_text(talk, "leave");
    engine_lasts(engine);
    connect_first();
    if (*client.enter)
        enter_or_leave(true);
    ask(get_text(talk, "ask"));
    wake_in(talk);
    for (;;) {
        struct pollfd wait[] = {{.fd = client.fd, .events = POLLIN},
                                {.fd = host.signal_fd, .events = POLLIN},
                                /* Only whether its reader is still there. */
                                {.fd = 1, .events = 0}};
        int64_t left = client.wake_at_ms < 0 ? -1 : client.wake_at_ms - now_ms();
        int n = poll(wait, 3, left < 0 && client.wake_at_ms >= 0 ? 0 : (int)left);
        if (n > 0 && wait[1].revents)
            read_signal();
        if (n > 0 && wait[0].revents)
            read_in();
        if (n > 0 && wait[2].revents & (POLLERR | POLLNVAL))
            leave(0);
        if (client.wake_at_ms >= 0 && now_ms() >= client.wake_at_ms) {
            client.wake_at_ms = -1;
            hear(heard_of("due"));
        }
    }
}
