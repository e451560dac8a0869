/* The two kinds of engine, and the door of each. */
#ifndef TANDEM_ENGINE_H
#define TANDEM_ENGINE_H

#include "quickjs.h"

#include "arena.h"

struct engine {
    struct arena arena;
    JSRuntime *runtime;
    JSContext *context;
    JSValue section;
    /* CPU time of this thread at which the running call is taken for a loop. */
    int64_t cpu_limit_ns;
    int64_t cpu_budget_ns;
};

enum engine_kind { ENGINE_SUPERVISE, ENGINE_CONFIGURE };

/*
 * What an engine is opened on, made from policy/ by the build (tools/build.mjs):
 * the packed image of its memory, or bytecode.
 */
struct section {
    const uint8_t *start, *end;
    size_t unpacked;         /* bytes of the image; 0: it is bytecode */
};
extern const struct section engine_sections[]; /* by kind */

/* A library is read by name. The build writes the table; its last entry has no name. */
struct library {
    const char *name;
    const uint8_t *start, *end;
    size_t unpacked;         /* bytes of it once it is unpacked; 0: it is bytecode as it is */
    size_t quick;            /* 1: by unlz4, as what a start may need; 0: by unlzma */
};
extern const struct library libraries[];

/*
 * 0 or -errno; `why` (a literal or text in the arena) says what failed. An image knows the
 * address of its `struct engine`: it is opened into the one that it was saved from.
 */
int engine_open(struct engine *engine, enum engine_kind kind, const char **why);
/* Opens it on bytecode, and writes the image of its memory to a file. At build time only. */
int engine_save(struct engine *engine, enum engine_kind kind, const char *path);
/* Both are open: what they were unpacked from need not stay in memory. */
void engine_forget_images(void);
/* It was opened on another thread, whose stack was another. */
void engine_adopt(struct engine *engine);
/* Calls a function that the section exports. JS_EXCEPTION: see engine_error. */
JSValue engine_call(struct engine *engine, const char *name, int argc, JSValueConst *argv);
/* The same for any function of it. */
JSValue engine_run(struct engine *engine, JSValueConst function, int argc, JSValueConst *argv);
/* It goes on for as long as somebody likes: garbage is collected after all. */
void engine_lasts(struct engine *engine);
/* What the section of that name exports, read into an engine that runs. */
JSValue engine_library(JSContext *context, const char *name);
/* The text of the pending exception; valid until the engine is dropped. */
const char *engine_error(struct engine *engine);
/* Unmaps the whole engine; its own teardown would only assert that nothing is left. */
void engine_drop(struct engine *engine);

/* wire.c */
JSValue wire_batch(JSContext *context, int64_t now);
/* Applies an answer of `open` or `step`. */
void wire_apply(JSContext *context, JSValueConst answer);
struct probe_spec;
/* launch.c. Copies a probe's specification out; null is none. -errno. */
int wire_probe(JSContext *context, JSValueConst spec, struct probe_spec *out);
/* Copies launches out of a configuring engine into host.children; -errno. */
int wire_launches(JSContext *context, JSValueConst launches);
/* How output looks, by `{format, timestamps}` under this key. */
struct logs wire_logs(JSContext *context, JSValueConst object, const char *key);

/* The supervising engine, opened before the loop begins, and the one that configures. */
extern struct engine supervisor, configurer;

#endif
