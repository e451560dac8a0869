/* The escape of Python's surrogateescape (PEP 383), for the same reason. */
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* The length of the well-formed sequence at `at` (RFC 3629), or 0; its code point in `point`. */
static size_t sequence(const unsigned char *at, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = *at < 0x80 ? 1 : *at < 0xc2 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3
                    : *at < 0xf5 ? 4 : 0;
    *point = length < 2 ? *at : *at & (0x7f >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        *point = *point << 6 | (at[i] & 0x3f);
    }
    if (length > 1 && (*point < least[length] || *point > 0x10ffff ||
                       (*point >= 0xd800 && *point < 0xe000)))
        return 0;
    return length;
}

size_t text_sequence(const unsigned char *at, size_t left)
{
    unsigned char copy[5] = {0};
    uint32_t point;
    memcpy(copy, at, left < 4 ? left : 4);
    return sequence(copy, &point);
}

JSValue text_in(JSContext *context, const char *bytes)
{
    const unsigned char *at = (const unsigned char *)bytes;
    uint32_t point;
    while (*at) {
        size_t n = sequence(at, &point);
        if (!n)
            break;
        at += n;
    }
    if (!*at)
        return JS_NewString(context, bytes);
    uint16_t *units = malloc((strlen(bytes) + 1) * sizeof *units);
    size_t count = 0;
    if (!units)
        return JS_ThrowOutOfMemory(context);
    for (at = (const unsigned char *)bytes; *at;) {
        size_t n = sequence(at, &point);
        if (n == 0) {
            units[count++] = (uint16_t)(0xdc00 + *at);
        } else if (n == 4) {
            units[count++] = (uint16_t)(0xd800 + ((point - 0x10000) >> 10));
            units[count++] = (uint16_t)(0xdc00 + ((point - 0x10000) & 0x3ff));
        } else {
            units[count++] = (uint16_t)point;
        }
        at += n ? n : 1;
    }
    JSValue text = JS_NewStringUTF16(context, units, count);
    free(units);
    return text;
}

size_t text_unescape(char *bytes, size_t length)
{
    unsigned char *in = (unsigned char *)bytes, *out = in, *end = in + length;
    while (in < end) {
        /* U+DC80 to U+DCFF as the engine writes them: ED B2 80 to ED B3 BF. */
        if (end - in >= 3 && in[0] == 0xed && (in[1] == 0xb2 || in[1] == 0xb3)) {
            *out++ = (unsigned char)((in[1] & 1) << 6 | 0x80 | (in[2] & 0x3f));
            in += 3;
        } else {
            *out++ = *in++;
        }
    }
    return (size_t)(out - (unsigned char *)bytes);
}

char *text_out(JSContext *context, JSValueConst value)
{
    size_t length;
    const char *text = JS_ToCStringLen(context, &length, value);
    char *copy = text ? malloc(length + 1) : NULL;
    if (copy) {
        memcpy(copy, text, length);
        copy[text_unescape(copy, length)] = '\0';
    }
    JS_FreeCString(context, text);
    return copy;
}
