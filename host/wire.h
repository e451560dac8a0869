/* Between objects of the engine and what C knows. */
#ifndef TANDEM_WIRE_H
#define TANDEM_WIRE_H

#include "engine.h"
#include "host.h"

static inline void set(JSContext *context, JSValue object, const char *key, JSValue value)
{
    /* A failure here is out of memory and would show as a broken batch; stop at once instead. */
    CHECK(JS_SetPropertyStr(context, object, key, value) >= 0);
}

static inline void set_int(JSContext *context, JSValue object, const char *key, int64_t value)
{
    set(context, object, key, JS_NewInt64(context, value));
}

static inline void set_bool(JSContext *context, JSValue object, const char *key, bool value)
{
    set(context, object, key, JS_NewBool(context, value));
}

static inline void set_text(JSContext *context, JSValue object, const char *key, const char *value)
{
    set(context, object, key, JS_NewString(context, value));
}

static inline int64_t get_int(JSContext *context, JSValueConst object, const char *key)
{
    JSValue value = JS_GetPropertyStr(context, object, key);
    int64_t n = -1;
    CHECK(!JS_IsUndefined(value));
    if (!JS_IsNull(value))
        CHECK(JS_ToInt64(context, &n, value) == 0);
    JS_FreeValue(context, value);
    return n;
}

static inline bool get_bool(JSContext *context, JSValueConst object, const char *key)
{
    JSValue value = JS_GetPropertyStr(context, object, key);
    bool yes = JS_ToBool(context, value) > 0;
    JS_FreeValue(context, value);
    return yes;
}

/* wire-reason.c: the end that nobody asked for. */
void wire_examined(JSContext *context, JSValue o, const struct event *e);
void wire_examine(JSContext *context, JSValueConst action);
void wire_report(JSContext *context, JSValueConst action);
/* What an `examine` left for when the others have been told to end. */
void wire_examine_rest(JSContext *context);

#endif
