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

/* Bytecode made from policy/ by the build; see tools/build.mjs. */
extern const uint8_t section_supervise[], section_supervise_end[];
extern const uint8_t section_commands[], section_commands_end[];

/* A library is read by name. The build writes the table; its last entry has no name. */
struct library {
    const char *name;
    const uint8_t *start, *end;
    size_t unpacked;         /* bytes that unlzma makes of it; 0: it is bytecode as it is */
};
extern const struct library libraries[];

enum engine_kind { ENGINE_SUPERVISE, ENGINE_CONFIGURE };

/* 0 or -errno; `why` (a literal or text in the arena) says what failed. */
int engine_open(struct engine *engine, enum engine_kind kind, const uint8_t *bytecode,
                size_t length, const char **why);
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

/* The supervising engine, opened before the loop begins. */
extern struct engine supervisor;

#endif
