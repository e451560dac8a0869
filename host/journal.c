#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keep.h"
#include "sink.h"

/* How long one line may wait for its reader before it is given up. */
enum { WAIT_MS = 200, PIECE_BYTES = 1 << 14 };

static struct sink *sink;
static unsigned long long lost;

int journal_open(const char *where)
{
    bool is_number = *where && strspn(where, "0123456789") == strlen(where);
    int fd = is_number ? fcntl(atoi(where), F_DUPFD_CLOEXEC, 3)
                       : open(where, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    sink = sink_extra(fd);
    return 0;
}

/* In pieces that fit: a line may be long. False when its reader does not take it. */
static bool put_piece(const char *bytes, size_t length)
{
    while (length) {
        size_t room, n = length < PIECE_BYTES ? length : PIECE_BYTES;
        char *to = sink_reserve(sink, n, &room);
        if (!to && !sinks_drain(WAIT_MS))
            to = sink_reserve(sink, n, &room);
        else if (!to)
            continue;
        if (!to)
            return false;
        memcpy(to, bytes, n);
        sink_commit(sink, n);
        bytes += n;
        length -= n;
    }
    return true;
}

static void put(const struct iovec *pieces, int count)
{
    static bool broken;
    /* What was begun and not taken has to end somewhere. */
    if (broken && !put_piece("\n", 1)) {
        lost++;
        return;
    }
    broken = false;
    for (int i = 0; i < count; i++)
        if (!put_piece(pieces[i].iov_base, pieces[i].iov_len)) {
            broken = true;
            lost++;
            return;
        }
}

static void put_lost(void)
{
    char text[64];
    int n = snprintf(text, sizeof text, "{\"lost\":%llu}\n", lost);
    struct iovec piece = {text, (size_t)n};
    if (lost && sink_put(sink, &piece, 1))
        lost = 0;
}

enum { VALUES_MAX = 3 };

/* `{"name":value,…}` as one line. */
static void put_line(JSContext *context, int count, const char *const *names,
                     JSValueConst const *values)
{
    const char *texts[VALUES_MAX] = {0};
    struct iovec pieces[2 * VALUES_MAX + 1];
    int n = 0;
    put_lost();
    for (int i = 0; i < count; i++) {
        JSValue json = JS_JSONStringify(context, values[i], JS_UNDEFINED, JS_UNDEFINED);
        size_t length = 0;
        texts[i] = JS_ToCStringLen(context, &length, json);
        JS_FreeValue(context, json);
        pieces[n++] = (struct iovec){(void *)names[i], strlen(names[i])};
        pieces[n++] = (struct iovec){(void *)texts[i], length};
    }
    pieces[n++] = (struct iovec){"}\n", 2};
    put(pieces, n);
    for (int i = 0; i < count; i++)
        JS_FreeCString(context, texts[i]);
}

/* `{"batch":{"nowMs":…},"answer":{"notes":[…]}}`, the same with less in it. */
static void keep_notes(JSContext *context, JSValueConst batch, JSValueConst answer)
{
    JSValue notes = JS_GetPropertyStr(context, answer, "notes");
    JSValue count = JS_GetPropertyStr(context, notes, "length");
    JSValue now = JS_GetPropertyStr(context, batch, "nowMs");
    int64_t length = 0, now_ms = 0;
    JS_ToInt64(context, &length, count);
    JS_ToInt64(context, &now_ms, now);
    JSValue json = length > 0 ? JS_JSONStringify(context, notes, JS_UNDEFINED, JS_UNDEFINED)
                              : JS_UNDEFINED;
    const char *text = JS_IsString(json) ? JS_ToCString(context, json) : NULL;
    size_t room = text ? strlen(text) + 96 : 0;
    char *line = text ? malloc(room) : NULL;
    if (line) {
        int n = snprintf(line, room, "{\"batch\":{\"nowMs\":%lld},\"answer\":{\"notes\":%s}}",
                         (long long)now_ms, text);
        keep_line(line, (size_t)n);
    }
    free(line);
    JS_FreeCString(context, text);
    JS_FreeValue(context, json);
    JS_FreeValue(context, now);
    JS_FreeValue(context, count);
    JS_FreeValue(context, notes);
}

static void keep_head(JSContext *context, JSValueConst plan, JSValueConst options,
                      JSValueConst answer)
{
    JSValue object = JS_NewObject(context);
    JS_SetPropertyStr(context, object, "journal", JS_NewInt32(context, 1));
    JS_SetPropertyStr(context, object, "plan", JS_DupValue(context, plan));
    JS_SetPropertyStr(context, object, "options", JS_DupValue(context, options));
    JS_SetPropertyStr(context, object, "answer", JS_DupValue(context, answer));
    JSValue json = JS_JSONStringify(context, object, JS_UNDEFINED, JS_UNDEFINED);
    size_t length = 0;
    const char *text = JS_IsString(json) ? JS_ToCStringLen(context, &length, json) : NULL;
    if (text)
        keep_line(text, length);
    JS_FreeCString(context, text);
    JS_FreeValue(context, json);
    JS_FreeValue(context, object);
}

void journal_head(JSContext *context, JSValueConst plan, JSValueConst options, JSValueConst answer)
{
    static const char *const names[] = {"{\"journal\":1,\"plan\":", ",\"options\":",
                                        ",\"answer\":"};
    JSValueConst values[] = {plan, options, answer};
    if (sink)
        put_line(context, 3, names, values);
    if (keep_wanted())
        keep_head(context, plan, options, answer);
}

void journal_step(JSContext *context, JSValueConst batch, JSValueConst answer)
{
    static const char *const names[] = {"{\"batch\":", ",\"answer\":"};
    JSValueConst values[] = {batch, answer};
    if (sink)
        put_line(context, 2, names, values);
    if (keep_wanted())
        keep_notes(context, batch, answer);
}

void journal_each(void (*take)(void *, const char *, size_t), void *opaque)
{
    keep_each(take, opaque);
}
