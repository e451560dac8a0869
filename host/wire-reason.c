/* The part of the step door that is used once: what is found out of an end, and its report. */
#include "examine.h"
#include "report.h"
#include "text.h"
#include "wire.h"

/* Of the one `examine` that was asked for last. */
static struct found found;
static bool examining;

static void set_or_null(JSContext *context, JSValue o, const char *key, int64_t value, int64_t none)
{
    set(context, o, key, value == none ? JS_NULL : JS_NewInt64(context, value));
}

static void set_bytes(JSContext *context, JSValue o, const char *key, const char *text)
{
    set(context, o, key, *text ? text_in(context, text) : JS_NULL);
}

static JSValue program_value(JSContext *context, const struct program *program)
{
    static const char *const kinds[] = {"missing", "folder", "script", "elf", "other"};
    JSValue o = JS_NewObject(context);
    set(context, o, "name", text_in(context, program->name));
    set_text(context, o, "kind", kinds[program->kind]);
    set_bool(context, o, "executable", program->executable);
    set_bytes(context, o, "interpreter", program->interpreter);
    set_bool(context, o, "interpreterThere", program->interpreter_there);
    set_int(context, o, "machine", program->machine);
    set_int(context, o, "ownMachine", program->own_machine);
    set_bytes(context, o, "nearest", program->nearest);
    return o;
}

static JSValue holder_value(JSContext *context)
{
    if (!found.holder)
        return JS_NULL;
    JSValue o = JS_NewObject(context);
    set_int(context, o, "pid", found.holder);
    set(context, o, "name", text_in(context, found.holder_name));
    set_or_null(context, o, "process", found.holder_process, -1);
    return o;
}

void wire_examined(JSContext *context, JSValue o, const struct event *e)
{
    (void)e;
    JSValue listens = JS_NewArray(context);
    for (int i = 0; i < found.listens_count; i++)
        CHECK(JS_SetPropertyUint32(context, listens, (uint32_t)i,
                                   JS_NewInt32(context, found.listens[i])) >= 0);
    set_or_null(context, o, "phrase", found.phrase, -1);
    set_or_null(context, o, "port", found.port, 0);
    set(context, o, "holder", holder_value(context));
    set(context, o, "listens", listens);
    set_bool(context, o, "oomKilled", found.oom_killed);
    set_or_null(context, o, "oomKills", found.oom_kills, -1);
    set_or_null(context, o, "memoryBytes", found.memory_bytes, -1);
    set(context, o, "program", program_value(context, &found.program));
}

enum { PHRASES_MAX = 64 };

void wire_examine(JSContext *context, JSValueConst a)
{
    const char *phrases[PHRASES_MAX];
    JSValue list = JS_GetPropertyStr(context, a, "phrases");
    int64_t process = get_int(context, a, "process"), count = get_int(context, list, "length");
    CHECK(process >= 0 && process < host.children_count && count >= 0 && count <= PHRASES_MAX);
    for (int64_t i = 0; i < count; i++) {
        JSValue phrase = JS_GetPropertyUint32(context, list, (uint32_t)i);
        phrases[i] = JS_ToCString(context, phrase);
        CHECK(phrases[i]);
        JS_FreeValue(context, phrase);
    }
    int64_t port = get_int(context, a, "port");
    struct question question = {.process = (uint32_t)process, .phrases = phrases,
                                .phrases_count = (int)count,
                                .port_phrases = (int)get_int(context, a, "portPhrases"),
                                .port = port > 0 && port < 65536 ? (int)port : 0,
                                .sockets = get_bool(context, a, "sockets"),
                                .program = get_bool(context, a, "program")};
    examine(&question, &found);
    examining = true;
    for (int64_t i = 0; i < count; i++)
        JS_FreeCString(context, phrases[i]);
    JS_FreeValue(context, list);
    loop_event((struct event){.type = EV_EXAMINED, .process = (uint32_t)process,
                              .run = (uint32_t)get_int(context, a, "run")});
}

void wire_report(JSContext *context, JSValueConst a)
{
    JSValue about = JS_GetPropertyStr(context, a, "about");
    JSValue value = JS_GetPropertyStr(context, a, "text");
    const char *text = JS_ToCString(context, value);
    int64_t process = get_int(context, a, "process");
    CHECK(text && process < host.children_count);
    report(context, about, process, text);
    JS_FreeCString(context, text);
    JS_FreeValue(context, value);
    JS_FreeValue(context, about);
}

void wire_examine_rest(JSContext *context)
{
    if (!examining)
        return;
    examining = false;
    examine_memory(&found);
    report_prepare(context);
}
