/* Opens an engine on a section of bytecode, with only the intrinsics its kind uses. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "engine.h"
#include "unlzma.h"

/* A step takes microseconds; these bounds only tell work from an endless loop. */
static const int64_t cpu_budget_ns[] = {
    [ENGINE_SUPERVISE] = 2000000000,
    [ENGINE_CONFIGURE] = 20000000000,
};

/* Address space only: pages are touched as they are used. */
static const size_t arena_bytes[] = {
    [ENGINE_SUPERVISE] = (size_t)64 << 20,
    [ENGINE_CONFIGURE] = (size_t)256 << 20,
};

static int64_t cpu_now_ns(void)
{
    struct timespec t;
    /* CPU time, not wall time: a throttled or suspended machine is no endless loop. */
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int over_budget(JSRuntime *runtime, void *opaque)
{
    (void)runtime;
    const struct engine *engine = opaque;
    return cpu_now_ns() > engine->cpu_limit_ns;
}

static int add_intrinsics(JSContext *context, enum engine_kind kind)
{
    if (JS_AddIntrinsicBaseObjects(context) || JS_AddIntrinsicJSON(context) ||
        JS_AddIntrinsicMapSet(context))
        return -ENOMEM;
    if (kind == ENGINE_CONFIGURE && JS_AddIntrinsicRegExp(context))
        return -ENOMEM;
    /* No hidden randomness or scheduling in policy, not even by mistake. */
    JSValue global = JS_GetGlobalObject(context);
    JSValue math = JS_GetPropertyStr(context, global, "Math");
    JSAtom random = JS_NewAtom(context, "random");
    JSAtom microtask = JS_NewAtom(context, "queueMicrotask");
    JS_DeleteProperty(context, math, random, 0);
    JS_DeleteProperty(context, global, microtask, 0);
    JS_FreeAtom(context, random);
    JS_FreeAtom(context, microtask);
    JS_FreeValue(context, math);
    JS_FreeValue(context, global);
    return 0;
}

/* What it exports: its bundle leaves that in a global. */
static JSValue read_section(JSContext *context, const uint8_t *bytecode, size_t length)
{
    JSValue code = JS_ReadObject(context, bytecode, length, JS_READ_OBJ_BYTECODE);
    if (JS_IsException(code))
        return code;
    JSValue result = JS_EvalFunction(context, code);
    if (JS_IsException(result))
        return result;
    JS_FreeValue(context, result);
    JSValue global = JS_GetGlobalObject(context);
    JSValue section = JS_GetPropertyStr(context, global, "section");
    JS_FreeValue(context, global);
    return section;
}

static int run_section(struct engine *engine, const uint8_t *bytecode, size_t length)
{
    engine->section = read_section(engine->context, bytecode, length);
    return JS_IsObject(engine->section) ? 0 : -EINVAL;
}

static JSValue read_packed(JSContext *context, const struct library *library)
{
    uint8_t *bytecode = js_malloc(context, library->unpacked);
    uint16_t *room = js_malloc(context, UNLZMA_ROOM * sizeof *room);
    if (!bytecode || !room)
        return JS_EXCEPTION;
    size_t length = (size_t)(library->end - library->start);
    int r = unlzma(bytecode, library->unpacked, library->start, length, room);
    js_free(context, room);
    JSValue section = r ? JS_ThrowInternalError(context, "library %s is damaged", library->name)
                        : read_section(context, bytecode, library->unpacked);
    js_free(context, bytecode);
    return section;
}

JSValue engine_library(JSContext *context, const char *name)
{
    for (const struct library *library = libraries; library->name; library++)
        if (strcmp(name, library->name) == 0)
            return library->unpacked ? read_packed(context, library)
                                     : read_section(context, library->start,
                                                    (size_t)(library->end - library->start));
    return JS_ThrowReferenceError(context, "no library %s", name);
}

int engine_open(struct engine *engine, enum engine_kind kind, const uint8_t *bytecode,
                size_t length, const char **why)
{
    int r = arena_open(&engine->arena, arena_bytes[kind]);
    *why = "no memory";
    if (r)
        return r;
    engine->runtime = JS_NewRuntime2(&arena_functions, &engine->arena);
    if (!engine->runtime)
        return -ENOMEM;
    engine->context = JS_NewContextRaw(engine->runtime);
    if (!engine->context || add_intrinsics(engine->context, kind))
        return -ENOMEM;
    /* Its arena is unmapped whole before anything would have been worth collecting. */
    if (kind == ENGINE_CONFIGURE)
        JS_SetGCThreshold(engine->runtime, (size_t)-1);
    engine->cpu_budget_ns = cpu_budget_ns[kind];
    engine->cpu_limit_ns = cpu_now_ns() + engine->cpu_budget_ns;
    JS_SetInterruptHandler(engine->runtime, over_budget, engine);
    r = run_section(engine, bytecode, length);
    if (r)
        *why = engine_error(engine);
    return r;
}

void engine_adopt(struct engine *engine)
{
    JS_UpdateStackTop(engine->runtime);
}

JSValue engine_call(struct engine *engine, const char *name, int argc, JSValueConst *argv)
{
    JSValue function = JS_GetPropertyStr(engine->context, engine->section, name);
    JSValue result = engine_run(engine, function, argc, argv);
    JS_FreeValue(engine->context, function);
    return result;
}

JSValue engine_run(struct engine *engine, JSValueConst function, int argc, JSValueConst *argv)
{
    engine->cpu_limit_ns = cpu_now_ns() + engine->cpu_budget_ns;
    return JS_Call(engine->context, function, engine->section, argc, argv);
}

void engine_lasts(struct engine *engine)
{
    JS_SetGCThreshold(engine->runtime, (size_t)1 << 20);
}

const char *engine_error(struct engine *engine)
{
    JSValue error = JS_GetException(engine->context);
    const char *text = JS_ToCString(engine->context, error);
    return text ? text : "out of memory";
}

void engine_drop(struct engine *engine)
{
    arena_drop(&engine->arena);
    *engine = (struct engine){0};
}
