/*
 * Opens an engine: in a release by unpacking the image of its memory that the
 * build made, else on a section of bytecode, with only the intrinsics its kind
 * uses. docs/adr/0013 says why, and what an image depends on.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"
#include "unlz4.h"
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

/*
 * Where the memory of an image was, and has to be again: far above the program
 * and what brk(2) gives, far below all that mmap(2) chooses.
 */
static uint8_t *const arena_place[] = {
    [ENGINE_SUPERVISE] = (uint8_t *)0x200000000,
    [ENGINE_CONFIGURE] = (uint8_t *)0x210000000,
};

/* What a start takes beyond the image: one call for it instead of a fault for each page. */
static const size_t arena_ahead[] = {
    [ENGINE_SUPERVISE] = 32 << 10,
    [ENGINE_CONFIGURE] = 96 << 10,
};

/* In the place of the engine's gettimeofday(2), by tools/build.mjs: no clock in any engine. */
int engine_has_no_clock(struct timeval *tv, void *unused)
{
    (void)unused;
    *tv = (struct timeval){1, 0};
    return 0;
}

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

static int run_section(struct engine *engine, const struct section *section)
{
    size_t length = (size_t)(section->end - section->start);
    engine->section = read_section(engine->context, section->start, length);
    return JS_IsObject(engine->section) ? 0 : -EINVAL;
}

static JSValue read_packed(JSContext *context, const struct library *library)
{
    uint8_t *bytecode = js_malloc(context, library->unpacked + UNLZ4_SPARE);
    uint16_t *room = library->quick ? NULL : js_malloc(context, UNLZMA_ROOM * sizeof *room);
    if (!bytecode || (!library->quick && !room))
        return JS_EXCEPTION;
    size_t length = (size_t)(library->end - library->start);
    int r = library->quick ? unlz4(bytecode, library->unpacked, library->start, length)
                           : unlzma(bytecode, library->unpacked, library->start, length, room);
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

static int open_fresh(struct engine *engine, enum engine_kind kind, const char **why)
{
    engine->runtime = JS_NewRuntime2(&arena_functions, &engine->arena);
    if (!engine->runtime)
        return -ENOMEM;
    engine->context = JS_NewContextRaw(engine->runtime);
    if (!engine->context || add_intrinsics(engine->context, kind))
        return -ENOMEM;
    /* Its arena is unmapped whole before anything would have been worth collecting. */
    if (kind == ENGINE_CONFIGURE)
        JS_SetGCThreshold(engine->runtime, (size_t)-1);
    JS_SetInterruptHandler(engine->runtime, over_budget, engine);
    int r = run_section(engine, &engine_sections[kind]);
    if (r)
        *why = engine_error(engine);
    return r;
}

/* The first block of an image is what `struct engine` was then. */
static int open_image(struct engine *engine, enum engine_kind kind, const char **why)
{
    const struct section *section = &engine_sections[kind];
    uint8_t *start = engine->arena.start;
    *why = "the image of its memory is damaged";
    arena_touch(&engine->arena, section->unpacked + arena_ahead[kind]);
    int r = unlz4(start, section->unpacked, section->start,
                  (size_t)(section->end - section->start));
    if (r)
        return r;
    *engine = *(struct engine *)arena_first(&engine->arena);
    engine_adopt(engine);
    return 0;
}

int engine_open(struct engine *engine, enum engine_kind kind, const char **why)
{
    bool image = engine_sections[kind].unpacked > 0;
    *why = "no memory";
    int r = arena_open(&engine->arena, arena_bytes[kind], image ? arena_place[kind] : NULL);
    engine->cpu_budget_ns = cpu_budget_ns[kind];
    engine->cpu_limit_ns = INT64_MAX;
    if (r)
        return r;
    return image ? open_image(engine, kind, why) : open_fresh(engine, kind, why);
}

struct saving {
    struct engine *engine;
    enum engine_kind kind;
    const char *why;
    int r;
};

static void *open_to_save(void *opaque)
{
    struct saving *saving = opaque;
    struct engine *engine = saving->engine;
    saving->r = arena_open(&engine->arena, arena_bytes[saving->kind], arena_place[saving->kind]);
    if (saving->r)
        return NULL;
    struct engine *first = arena_malloc(&engine->arena, sizeof *engine);
    engine->cpu_budget_ns = cpu_budget_ns[saving->kind];
    engine->cpu_limit_ns = INT64_MAX;
    saving->r = open_fresh(engine, saving->kind, &saving->why);
    *first = *engine;
    return NULL;
}

int engine_save(struct engine *engine, enum engine_kind kind, const char *path)
{
    enum { STACK = 1 << 20 };
    struct saving saving = {.engine = engine, .kind = kind, .why = "no memory"};
    pthread_t thread;
    pthread_attr_t attributes;
    /* The engine remembers where its stack was; an image must not depend on chance. */
    void *stack = mmap((void *)0x1f0000000, STACK, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (stack == MAP_FAILED)
        return -errno;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack, STACK);
    int r = pthread_create(&thread, &attributes, open_to_save, &saving);
    if (r)
        return -r;
    pthread_join(thread, NULL);
    munmap(stack, STACK);
    FILE *out = fopen(path, "wb");
    size_t length = (size_t)(engine->arena.next - engine->arena.start);
    if (saving.r || !out || fwrite(engine->arena.start, 1, length, out) != length || fclose(out))
        return saving.r ? saving.r : -EIO;
    return 0;
}

void engine_forget_images(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;
    for (int kind = ENGINE_SUPERVISE; kind <= ENGINE_CONFIGURE; kind++) {
        const struct section *section = &engine_sections[kind];
        uintptr_t start = ((uintptr_t)section->start + page) & ~page;
        uintptr_t end = (uintptr_t)section->end & ~page;
        /* They are the program file's: whoever needs a page again gets it from there. */
        if (section->unpacked && start < end)
            madvise((void *)start, end - start, MADV_DONTNEED);
    }
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
