/* What the configuring engine leaves behind for each process: copied out, since it goes away. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "engine.h"
#include "host.h"
#include "text.h"

static int64_t length_of(JSContext *context, JSValueConst list)
{
    JSValue value = JS_GetPropertyStr(context, list, "length");
    int64_t length = 0;
    JS_ToInt64(context, &length, value);
    JS_FreeValue(context, value);
    return length;
}

static int copy_number(JSContext *context, JSValueConst object, const char *key)
{
    JSValue value = JS_GetPropertyStr(context, object, key);
    int32_t number = 0;
    if (!JS_IsUndefined(value))
        JS_ToInt32(context, &number, value);
    JS_FreeValue(context, value);
    return number;
}

/* NULL for null; the host's own copy otherwise, since the configuring engine goes away. */
static char *copy_text(JSContext *context, JSValueConst object, const char *key)
{
    JSValue value = JS_GetPropertyStr(context, object, key);
    char *copy = NULL;
    if (!JS_IsNull(value) && !JS_IsUndefined(value))
        copy = text_out(context, value);
    JS_FreeValue(context, value);
    return copy;
}

/* A NULL-ended vector and its strings in one block. NULL: no memory. */
static char **copy_vector(JSContext *context, JSValueConst object, const char *key)
{
    JSValue list = JS_GetPropertyStr(context, object, key);
    int64_t count = length_of(context, list);
    size_t bytes = ((size_t)count + 1) * sizeof(char *), used = bytes;
    char *block = NULL;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < count; i++) {
            JSValue item = JS_GetPropertyUint32(context, list, (uint32_t)i);
            size_t length = 0;
            const char *text = JS_ToCStringLen(context, &length, item);
            if (pass == 0) {
                bytes += length + 1;
            } else if (block && text) {
                ((char **)block)[i] = block + used;
                memcpy(block + used, text, length + 1);
                block[used + text_unescape(block + used, length)] = '\0';
                used += length + 1;
            }
            JS_FreeCString(context, text);
            JS_FreeValue(context, item);
        }
        if (pass == 0)
            block = calloc(1, bytes);
    }
    JS_FreeValue(context, list);
    return (char **)block;
}

static bool text_is(JSContext *context, JSValueConst object, const char *key, const char *text)
{
    char *value = copy_text(context, object, key);
    bool same = value && strcmp(value, text) == 0;
    free(value);
    return same;
}

static const struct {
    const char *name;
    enum probe_kind kind;
    const char *path, *text;
} probe_kinds[] = {
    {"tcp", PROBE_TCP, NULL, NULL},   {"http", PROBE_HTTP, NULL, "request"},
    {"grpc", PROBE_GRPC, NULL, "service"}, {"unix", PROBE_UNIX, "path", NULL},
    {"file", PROBE_FILE, "path", NULL},    {"exec", PROBE_EXEC, NULL, NULL},
};

int wire_probe(JSContext *context, JSValueConst spec, struct probe_spec *out)
{
    *out = (struct probe_spec){0};
    for (size_t i = 0; !JS_IsNull(spec) && i < sizeof probe_kinds / sizeof *probe_kinds; i++) {
        if (!text_is(context, spec, "type", probe_kinds[i].name))
            continue;
        out->kind = probe_kinds[i].kind;
        out->port = (uint16_t)copy_number(context, spec, "port");
        out->status_min = copy_number(context, spec, "statusMin");
        out->status_max = copy_number(context, spec, "statusMax");
        if (probe_kinds[i].path)
            out->path = copy_text(context, spec, probe_kinds[i].path);
        if (probe_kinds[i].text)
            out->text = copy_text(context, spec, probe_kinds[i].text);
        if (out->kind == PROBE_EXEC)
            out->argv = copy_vector(context, spec, "argv");
        bool complete = (!probe_kinds[i].path || out->path) && (!probe_kinds[i].text || out->text) &&
                        (out->kind != PROBE_EXEC || out->argv);
        return complete ? 0 : -ENOMEM;
    }
    return 0;
}

static int probe_of(JSContext *context, JSValueConst launch, const char *key,
                    struct probe_spec *out)
{
    JSValue spec = JS_GetPropertyStr(context, launch, key);
    int r = wire_probe(context, spec, out);
    JS_FreeValue(context, spec);
    return r;
}

static int word_of(JSContext *context, JSValueConst launch, struct word *out)
{
    JSValue spec = JS_GetPropertyStr(context, launch, "word");
    *out = (struct word){.fd = -1};
    if (!JS_IsNull(spec)) {
        bool log = text_is(context, spec, "type", "log");
        out->kind = log ? WORD_LOG : text_is(context, spec, "type", "fd") ? WORD_FD : WORD_NOTIFY;
        out->number = copy_number(context, spec, "fd");
        if (out->kind != WORD_FD)
            out->text = copy_text(context, spec, log ? "pattern" : "path");
    }
    JS_FreeValue(context, spec);
    return out->kind == WORD_NONE || out->kind == WORD_FD || out->text ? 0 : -ENOMEM;
}

static bool flag(JSContext *context, JSValueConst object, const char *key)
{
    JSValue value = JS_GetPropertyStr(context, object, key);
    bool yes = JS_ToBool(context, value) > 0;
    JS_FreeValue(context, value);
    return yes;
}

static bool same(char *const *a, char *const *b)
{
    while (*a && *b && strcmp(*a, *b) == 0) {
        a++;
        b++;
    }
    return !*a && !*b;
}

extern char **environ;

static const char *change_of(char *const *changes, const char *line)
{
    size_t length = strcspn(line, "=");
    for (; *changes; changes++)
        if (strncmp(*changes, line, length) == 0 &&
            ((*changes)[length] == '=' || (*changes)[length] == '\0'))
            return *changes;
    return NULL;
}

/* Our own environment with the changes made: the lines themselves are not copied. */
static char **changed_env(char **changes)
{
    size_t own = 0, count = 0, used = 0;
    if (!changes)
        return NULL;
    while (environ[own])
        own++;
    while (changes[count])
        count++;
    char **env = calloc(own + count + 1, sizeof *env);
    if (!env)
        return NULL;
    for (size_t i = 0; i < own; i++)
        if (strchr(environ[i], '=') && !change_of(changes, environ[i]))
            env[used++] = environ[i];
    for (size_t i = 0; i < count; i++)
        if (strchr(changes[i], '='))
            env[used++] = changes[i];
    return env;
}

/* Most processes have the same environment as the one before; it is kept once. */
static void share_env(struct child *child, const struct child *before)
{
    if (!child->env || !before->env || !same(child->env, before->env))
        return;
    free(child->env);
    free(child->env_changes);
    child->env = before->env;
    child->env_changes = before->env_changes;
}

static uint32_t count_of(JSContext *context, JSValueConst list)
{
    return (uint32_t)length_of(context, list);
}

/* false: null, which leaves things as they are. */
static bool copy_some(JSContext *context, JSValueConst object, const char *key, int *out)
{
    JSValue value = JS_GetPropertyStr(context, object, key);
    bool some = !JS_IsNull(value);
    if (some)
        JS_ToInt32(context, out, value);
    JS_FreeValue(context, value);
    return some;
}

static int64_t copy_long(JSContext *context, JSValueConst object, const char *key)
{
    JSValue value = JS_GetPropertyStr(context, object, key);
    int64_t number = 0;
    JS_ToInt64(context, &number, value);
    JS_FreeValue(context, value);
    return number;
}

static int user_of(JSContext *context, JSValueConst spec, struct attributes *out)
{
    JSValue user = JS_GetPropertyStr(context, spec, "user");
    out->has_user = !JS_IsNull(user);
    if (out->has_user) {
        JSValue groups = JS_GetPropertyStr(context, user, "groups");
        out->uid = (uid_t)copy_long(context, user, "uid");
        out->gid = (gid_t)copy_long(context, user, "gid");
        out->groups_count = count_of(context, groups);
        out->groups = calloc(out->groups_count + 1, sizeof *out->groups);
        for (uint32_t i = 0; out->groups && i < out->groups_count; i++) {
            JSValue group = JS_GetPropertyUint32(context, groups, i);
            int64_t number = 0;
            JS_ToInt64(context, &number, group);
            out->groups[i] = (gid_t)number;
            JS_FreeValue(context, group);
        }
        JS_FreeValue(context, groups);
    }
    JS_FreeValue(context, user);
    return out->has_user && !out->groups ? -ENOMEM : 0;
}

static int limits_of(JSContext *context, JSValueConst spec, struct attributes *out)
{
    JSValue limits = JS_GetPropertyStr(context, spec, "limits");
    JSValue secrets = JS_GetPropertyStr(context, spec, "secrets");
    out->limits_count = count_of(context, limits);
    out->secrets_count = count_of(context, secrets);
    out->limits = calloc(out->limits_count + 1, sizeof *out->limits);
    out->secrets = calloc(out->secrets_count + 1, sizeof *out->secrets);
    int r = out->limits && out->secrets ? 0 : -ENOMEM;
    for (uint32_t i = 0; !r && i < out->limits_count; i++) {
        JSValue limit = JS_GetPropertyUint32(context, limits, i);
        /* -1 is RLIM_INFINITY. */
        out->limits[i].resource = copy_number(context, limit, "resource");
        out->limits[i].value.rlim_cur = (rlim_t)copy_long(context, limit, "soft");
        out->limits[i].value.rlim_max = (rlim_t)copy_long(context, limit, "hard");
        JS_FreeValue(context, limit);
    }
    for (uint32_t i = 0; !r && i < out->secrets_count; i++) {
        JSValue secret = JS_GetPropertyUint32(context, secrets, i);
        out->secrets[i].name = copy_text(context, secret, "name");
        out->secrets[i].path = copy_text(context, secret, "path");
        r = out->secrets[i].name && out->secrets[i].path ? 0 : -ENOMEM;
        JS_FreeValue(context, secret);
    }
    JS_FreeValue(context, limits);
    JS_FreeValue(context, secrets);
    return r;
}

static int attributes_of(JSContext *context, JSValueConst launch, struct attributes **out)
{
    JSValue spec = JS_GetPropertyStr(context, launch, "attributes");
    int mask = 0, oom = 0, r = 0;
    if (!JS_IsNull(spec)) {
        struct attributes *a = *out = calloc(1, sizeof *a);
        r = a ? user_of(context, spec, a) : -ENOMEM;
        r = r ? r : limits_of(context, spec, a);
        if (!r) {
            a->has_umask = copy_some(context, spec, "umask", &mask);
            a->mask = (mode_t)mask;
            a->has_nice = copy_some(context, spec, "nice", &a->nice);
            a->has_oom = copy_some(context, spec, "oomScoreAdj", &oom);
            snprintf(a->oom, sizeof a->oom, "%d", oom);
            a->tty = flag(context, spec, "tty");
        }
    }
    JS_FreeValue(context, spec);
    return r;
}

struct logs wire_logs(JSContext *context, JSValueConst object, const char *key)
{
    JSValue spec = JS_GetPropertyStr(context, object, key);
    struct logs logs = {.times = flag(context, spec, "timestamps")};
    if (text_is(context, spec, "format", "prefix"))
        logs.kind = FORM_PREFIX;
    else if (text_is(context, spec, "format", "json"))
        logs.kind = FORM_JSON;
    JS_FreeValue(context, spec);
    return logs;
}

int wire_launches(JSContext *context, JSValueConst launches)
{
    host.children_count = (uint32_t)length_of(context, launches);
    host.children = calloc(host.children_count + 1, sizeof *host.children);
    if (!host.children)
        return -ENOMEM;
    for (uint32_t i = 0; i < host.children_count; i++) {
        JSValue launch = JS_GetPropertyUint32(context, launches, i);
        struct child *child = &host.children[i];
        child->name = copy_text(context, launch, "name");
        child->argv = copy_vector(context, launch, "argv");
        child->env_changes = copy_vector(context, launch, "env");
        child->env = changed_env(child->env_changes);
        if (i > 0)
            share_env(child, child - 1);
        child->cwd = copy_text(context, launch, "cwd");
        child->logs = wire_logs(context, launch, "logs");
        child->session = flag(context, launch, "session");
        child->stdin_inherit = text_is(context, launch, "stdin", "inherit");
        child->probe.fd = child->drain.fd = -1;
        int r = probe_of(context, launch, "probe", &child->asked);
        r = r ? r : probe_of(context, launch, "health", &child->health);
        r = r ? r : probe_of(context, launch, "preStop", &child->pre_stop);
        r = r ? r : attributes_of(context, launch, &child->attributes);
        r = r ? r : word_of(context, launch, &child->word);
        int death = copy_number(context, launch, "parentDeath");
        if (death)
            prctl(PR_SET_PDEATHSIG, death);
        JS_FreeValue(context, launch);
        if (r)
            return r;
        if (!child->name || !child->argv || !child->env)
            return -ENOMEM;
    }
    return 0;
}
