/*
 * The last word on an end that nobody asked for. The policy's library of
 * reasons composes it; the last lines of the process are put into it here,
 * since output never enters an engine. What can't be composed, for lack of
 * memory or by a fault, is said in the one sentence that came with it.
 */
#include "report.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"
#include "entry.h"
#include "host.h"

/*
 * What Kubernetes shows of it. It is there where Kubernetes has made it; a
 * file of this name is never made by us.
 */
static const char termination_log[] = "/dev/termination-log";
enum { TERMINATION_MAX = 4096, LINES_MOST = 8, LINE_MOST = 400, TEXT_MOST = 32768 };

void report_to_platform(const char *text, size_t length)
{
    int fd = open(termination_log, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return;
    /* The sentence stands last: where it is too long, the beginning is left out. */
    size_t from = length > TERMINATION_MAX ? length - TERMINATION_MAX : 0;
    ssize_t ignored = write(fd, text + from, length - from);
    (void)ignored;
    close(fd);
}

struct text {
    char bytes[TEXT_MOST];
    size_t length;
};

static void add(struct text *text, const char *bytes, size_t length)
{
    size_t room = sizeof text->bytes - text->length;
    length = length < room ? length : room;
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

/* Long lines are cut: the report is to fit a screen. */
static void add_tail(struct text *text, const char *tail, size_t length)
{
    for (const char *at = tail, *end = tail + length; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((stop ? stop : end) - at);
        add(text, "    ", 4);
        add(text, at, size < LINE_MOST ? size : LINE_MOST);
        add(text, size < LINE_MOST ? "\n" : " ...\n", size < LINE_MOST ? 1 : 5);
        at += size + 1;
    }
}

/* The same as texts of a list. */
static void add_list(struct text *text, const char *tail, size_t length)
{
    char line[6 * LINE_MOST + SPARE_BYTES];
    for (const char *at = tail, *end = tail + length; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((stop ? stop : end) - at);
        add(text, at > tail ? ",\"" : "\"", at > tail ? 2 : 1);
        char *to = entry_text(line, line + 6 * LINE_MOST, at, size < LINE_MOST ? size : LINE_MOST);
        add(text, line, (size_t)(to - line));
        add(text, "\"", 1);
        at += size + 1;
    }
}

/* The library's function, once it has been read. */
static JSValue compose;
static bool prepared;

void report_prepare(JSContext *context)
{
    if (prepared)
        return;
    JSValue library = engine_library(context, "reason");
    compose = JS_IsObject(library) ? JS_GetPropertyStr(context, library, "reason") : JS_UNDEFINED;
    prepared = true;
    JS_FreeValue(context, library);
    /* Whatever it was, the end is not held up by it. */
    JS_FreeValue(context, JS_GetException(context));
}

/* False when the library can't be had or fails: nothing of use is in `text` then. */
static bool composed(JSContext *context, JSValueConst about, bool json, const char *tail,
                     size_t length, struct text *text)
{
    report_prepare(context);
    JSValue format = JS_NewString(context, json ? "json" : "text");
    JSValueConst arguments[] = {about, format};
    JSValue made = JS_IsFunction(context, compose)
                       ? JS_Call(context, compose, JS_UNDEFINED, 2, arguments) : JS_UNDEFINED;
    JSValue first = JS_IsObject(made) ? JS_GetPropertyStr(context, made, "before") : JS_UNDEFINED;
    JSValue last = JS_IsObject(made) ? JS_GetPropertyStr(context, made, "after") : JS_UNDEFINED;
    const char *before = JS_IsString(first) ? JS_ToCString(context, first) : NULL;
    const char *after = JS_IsString(last) ? JS_ToCString(context, last) : NULL;
    bool done = before && after;
    text->length = 0;
    if (done && (length || json))
        add(text, before, strlen(before));
    if (done && json)
        add_list(text, tail, length);
    else if (done)
        add_tail(text, tail, length);
    if (done)
        add(text, after, strlen(after));
    JS_FreeCString(context, before);
    JS_FreeCString(context, after);
    JS_FreeValue(context, first);
    JS_FreeValue(context, last);
    JS_FreeValue(context, made);
    JS_FreeValue(context, format);
    JS_FreeValue(context, JS_GetException(context));
    return done;
}

void report(JSContext *context, JSValueConst about, int64_t process, const char *sentence)
{
    static struct text text;
    char tail[4096];
    bool json = host.own_logs.kind == FORM_JSON;
    size_t length = process < 0 ? 0
                                : pump_tail(host.pump, (uint32_t)process, tail, sizeof tail,
                                            LINES_MOST);
    if (composed(context, about, json, tail, length, &text))
        log_block(text.bytes, text.length);
    else
        log_line(LEVEL_ERROR, sentence, strlen(sentence), -1);
    if (access(termination_log, W_OK))
        return;
    /* A person reads that one. */
    if (composed(context, about, false, tail, length, &text))
        report_to_platform(text.bytes, text.length);
    else
        report_to_platform(sentence, strlen(sentence));
}
