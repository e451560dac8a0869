/* Questions to the machine, each answered with {value, error}. Exists only while configuring. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <regex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine.h"
#include "facts.h"
#include "host.h"
#include "run.h"
#include "tempdir.h"
#include "text.h"

enum { READ_MAX = 1 << 20 };

typedef JSValue fact(JSContext *context, JSValueConst self, int argc, JSValueConst *argv);

static JSValue answer(JSContext *context, JSValue value, int error)
{
    JSValue object = JS_NewObject(context);
    JS_SetPropertyStr(context, object, "value", error ? JS_NULL : value);
    JS_SetPropertyStr(context, object, "error",
                      error ? JS_NewString(context, errno_name(error)) : JS_NULL);
    return object;
}

static int read_fd(int fd, char **text, size_t *length)
{
    size_t room = 4096;
    *length = 0;
    *text = malloc(room);
    while (*text) {
        ssize_t n = read(fd, *text + *length, room - *length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : 0;
        *length += (size_t)n;
        if (*length > READ_MAX)
            return EFBIG;
        if (*length == room) {
            char *more = realloc(*text, room *= 2);
            if (!more)
                free(*text);
            *text = more;
        }
    }
    return ENOMEM;
}

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool is_utf8(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + length;
    while (at < end) {
        unsigned char c = *at++;
        int more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2
                   : c >= 0xf0 && c < 0xf5 ? 3 : -1;
        if (more < 0 || end - at < more)
            return false;
        if ((c == 0xe0 && at[0] < 0xa0) || (c == 0xed && at[0] > 0x9f) ||
            (c == 0xf0 && at[0] < 0x90) || (c == 0xf4 && at[0] > 0x8f))
            return false;
        for (; more > 0; more--)
            if ((*at++ & 0xc0) != 0x80)
                return false;
    }
    return true;
}

static JSValue fact_read(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    char *path = text_out(context, argv[0]);
    char *text = NULL;
    size_t length = 0;
    if (!path)
        return JS_EXCEPTION;
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? 0 : open(path, O_RDONLY | O_CLOEXEC);
    int error = fd < 0 ? errno : read_fd(fd, &text, &length);
    if (fd > 0)
        close(fd);
    free(path);
    if (!error && !is_utf8(text, length))
        error = EILSEQ;
    JSValue value = error ? JS_NULL : JS_NewStringLen(context, text, length);
    free(text);
    return answer(context, value, error);
}

static JSValue fact_stat(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    struct stat st;
    char *path = text_out(context, argv[0]);
    if (!path)
        return JS_EXCEPTION;
    int error = stat(path, &st) ? errno : 0;
    free(path);
    if (error)
        return answer(context, JS_NULL, error);
    JSValue value = JS_NewObject(context);
    const char *type = S_ISREG(st.st_mode) ? "file" : S_ISDIR(st.st_mode) ? "directory" : "other";
    JS_SetPropertyStr(context, value, "type", JS_NewString(context, type));
    JS_SetPropertyStr(context, value, "mode", JS_NewInt32(context, (int)(st.st_mode & 07777)));
    JS_SetPropertyStr(context, value, "uid", JS_NewInt64(context, st.st_uid));
    JS_SetPropertyStr(context, value, "gid", JS_NewInt64(context, st.st_gid));
    return answer(context, value, 0);
}

static JSValue fact_list(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    char *path = text_out(context, argv[0]);
    if (!path)
        return JS_EXCEPTION;
    DIR *dir = opendir(path);
    int error = dir ? 0 : errno;
    free(path);
    if (!dir)
        return answer(context, JS_NULL, error);
    JSValue names = JS_NewArray(context);
    uint32_t count = 0;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            JS_SetPropertyUint32(context, names, count++, text_in(context, entry->d_name));
    closedir(dir);
    return answer(context, names, 0);
}

static JSValue fact_find(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    char path[4096];
    char *name = text_out(context, argv[0]);
    char *dirs = text_out(context, argv[1]);
    if (!name || !dirs)
        return JS_EXCEPTION;
    int r = find_program(name, dirs, path, sizeof path);
    /* A name with a slash is taken as it is by exec; here it should be known to be there. */
    if (r == 0 && access(path, X_OK))
        r = -errno;
    free(name);
    free(dirs);
    return answer(context, text_in(context, path), -r);
}

static JSValue fact_run(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    enum { WORDS_MAX = 64 };
    static char output[65536];
    char *words[WORDS_MAX + 1] = {0};
    int64_t count = 0, timeout_ms = 0;
    size_t length = 0;
    JSValue size = JS_GetPropertyStr(context, argv[0], "length");
    JS_ToInt64(context, &count, size);
    JS_ToInt64(context, &timeout_ms, argv[1]);
    for (int64_t i = 0; i < count && i < WORDS_MAX; i++) {
        JSValue word = JS_GetPropertyUint32(context, argv[0], (uint32_t)i);
        words[i] = text_out(context, word);
        JS_FreeValue(context, word);
    }
    int code = run_program(words, timeout_ms, output, sizeof output, &length);
    for (int i = 0; i < WORDS_MAX; i++)
        free(words[i]);
    if (code < 0)
        return answer(context, JS_NULL, -code);
    JSValue value = JS_NewObject(context);
    JS_SetPropertyStr(context, value, "code", JS_NewInt32(context, code));
    JS_SetPropertyStr(context, value, "output", JS_NewStringLen(context, output, length));
    return answer(context, value, 0);
}

/* A name of its own first, so that nobody ever reads half of it (rename(2)). 0 or errno. */
static int write_whole(const char *path, const char *text, size_t length, mode_t mode,
                       int64_t uid, int64_t gid)
{
    char aside[4096];
    int error = 0;
    if (snprintf(aside, sizeof aside, "%s.%d~", path, (int)getpid()) >= (int)sizeof aside)
        return ENAMETOOLONG;
    unlink(aside);
    int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    for (size_t at = 0; !error && at < length;) {
        ssize_t n = write(fd, text + at, length - at);
        if (n < 0 && errno != EINTR)
            error = errno;
        at += n > 0 ? (size_t)n : 0;
    }
    if (!error && uid >= 0 && (uid_t)uid != geteuid() && fchown(fd, (uid_t)uid, (gid_t)gid))
        error = errno;
    if (!error && fchmod(fd, mode))
        error = errno;
    if (close(fd) && !error)
        error = errno;
    if (!error && rename(aside, path))
        error = errno;
    if (error)
        unlink(aside);
    return error;
}

static JSValue fact_write(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    size_t length;
    int32_t mode;
    int64_t uid = -1, gid = -1;
    char *path = text_out(context, argv[0]);
    const char *text = JS_ToCStringLen(context, &length, argv[1]);
    if (!path || !text || JS_ToInt32(context, &mode, argv[2]))
        return JS_EXCEPTION;
    if (!JS_IsNull(argv[3])) {
        JSValue value = JS_GetPropertyStr(context, argv[3], "uid");
        JS_ToInt64(context, &uid, value);
        JS_FreeValue(context, value);
        value = JS_GetPropertyStr(context, argv[3], "gid");
        JS_ToInt64(context, &gid, value);
        JS_FreeValue(context, value);
    }
    int error = write_whole(path, text, length, (mode_t)mode, uid, gid);
    free(path);
    JS_FreeCString(context, text);
    return answer(context, JS_NULL, error);
}

static JSValue fact_make_temp_dir(JSContext *context, JSValueConst self, int argc,
                                  JSValueConst *argv)
{
    (void)self;
    (void)argc;
    (void)argv;
    const char *path = NULL;
    int r = tempdir_make(&path);
    return answer(context, r ? JS_NULL : JS_NewString(context, path), -r);
}

static JSValue fact_bad_pattern(JSContext *context, JSValueConst self, int argc,
                                JSValueConst *argv)
{
    (void)self;
    (void)argc;
    regex_t pattern;
    char why[128];
    char *text = text_out(context, argv[0]);
    if (!text)
        return JS_EXCEPTION;
    int r = regcomp(&pattern, text, REG_EXTENDED | REG_NOSUB);
    free(text);
    if (r == 0) {
        regfree(&pattern);
        return JS_NULL;
    }
    regerror(r, &pattern, why, sizeof why);
    return JS_NewString(context, why);
}

extern char **environ;

static JSValue fact_env(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    (void)argv;
    JSValue list = JS_NewArray(context);
    for (uint32_t i = 0; environ[i]; i++)
        JS_SetPropertyUint32(context, list, i, text_in(context, environ[i]));
    return list;
}

static JSValue fact_cwd(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    (void)argv;
    char path[4096];
    return text_in(context, getcwd(path, sizeof path) ? path : "/");
}

static JSValue fact_uid(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    (void)argv;
    return JS_NewInt64(context, geteuid());
}

static JSValue fact_cpus(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    (void)argv;
    cpu_set_t set;
    return JS_NewInt32(context, sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set));
}

static JSValue fact_has_ipv6(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    (void)argv;
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* A kernel may know the family and have no address in it: only bind tells. */
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return JS_NewBool(context, has);
}

static JSValue fact_is_terminal(JSContext *context, JSValueConst self, int argc,
                                JSValueConst *argv)
{
    (void)self;
    (void)argc;
    int32_t fd = -1;
    JS_ToInt32(context, &fd, argv[0]);
    return JS_NewBool(context, isatty(fd));
}

static JSValue fact_digest(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    size_t length;
    char hex[17];
    uint64_t hash = 0xcbf29ce484222325u;
    const char *text = JS_ToCStringLen(context, &length, argv[0]);
    if (!text)
        return JS_EXCEPTION;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    JS_FreeCString(context, text);
    snprintf(hex, sizeof hex, "%016llx", (unsigned long long)hash);
    return JS_NewString(context, hex);
}

static JSValue fact_library(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    const char *name = JS_ToCString(context, argv[0]);
    if (!name)
        return JS_EXCEPTION;
    JSValue library = engine_library(context, name);
    JS_FreeCString(context, name);
    return library;
}

static const struct {
    const char *name;
    fact *function;
    int arguments;
} facts[] = {
    {"read", fact_read, 1},           {"stat", fact_stat, 1},
    {"list", fact_list, 1},           {"find", fact_find, 2},
    {"run", fact_run, 2},             {"write", fact_write, 4},
    {"env", fact_env, 0},             {"makeTempDir", fact_make_temp_dir, 0},
    {"cwd", fact_cwd, 0},             {"uid", fact_uid, 0},
    {"cpus", fact_cpus, 0},           {"hasIpv6", fact_has_ipv6, 0},
    {"isTerminal", fact_is_terminal, 1}, {"badPattern", fact_bad_pattern, 1},
    {"digest", fact_digest, 1},          {"library", fact_library, 1},
};

JSValue facts_new(JSContext *context)
{
    JSValue object = JS_NewObject(context);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        JS_SetPropertyStr(context, object, facts[i].name,
                          JS_NewCFunction(context, facts[i].function, facts[i].name,
                                          facts[i].arguments));
    return object;
}

void facts_cleanup(void)
{
    tempdir_remove_all();
}
