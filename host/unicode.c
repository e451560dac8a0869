/*
 * In the place of the engine's tables of Unicode properties and normal forms:
 * policy asks for neither. tools/build.mjs gives the engine's own functions other
 * names, so that the linker leaves them out together with their tables.
 */
#include <string.h>

#include "libunicode.h"

/* "No such name", as the engine's own say it: `\p{…}` is an error of syntax. */
enum { UNKNOWN = -2 };

int unicode_script(CharRange *cr, const char *name, bool is_ext)
{
    (void)cr;
    (void)name;
    (void)is_ext;
    return UNKNOWN;
}

int unicode_general_category(CharRange *cr, const char *name)
{
    (void)cr;
    (void)name;
    return UNKNOWN;
}

int unicode_prop(CharRange *cr, const char *name)
{
    (void)cr;
    (void)name;
    return UNKNOWN;
}

int unicode_sequence_prop(const char *name, UnicodeSequencePropCB *cb, void *opaque, CharRange *cr)
{
    (void)name;
    (void)cb;
    (void)opaque;
    (void)cr;
    return UNKNOWN;
}

/* Text stays as it is. */
int unicode_normalize(uint32_t **out, const uint32_t *text, int length, UnicodeNormalizationEnum form,
                      void *opaque, void *(*realloc_function)(void *, void *, size_t))
{
    (void)form;
    size_t bytes = (size_t)length * sizeof *text;
    *out = realloc_function(opaque, NULL, bytes ? bytes : sizeof *text);
    if (!*out)
        return -1;
    memcpy(*out, text, bytes);
    return length;
}
