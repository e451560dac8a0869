/*
 * Goal: any bytes go through the engine and come back the same.
 * Method: the escape against every byte, sequences that are almost UTF-8, and a seeded sequence.
 * The engine is not linked here; its two functions are replaced by their documented effect.
 */
#include "quickjs.h"

#include <stdbool.h>
#include <string.h>

#include "../text.h"
#include "check.h"

static unsigned char held[4096];
static size_t held_length;

/* As JS_NewString and JS_ToCString do it: UTF-16 in, UTF-8 out, a lone surrogate in three bytes. */
static JSValue hold_utf16(const uint16_t *units, size_t count)
{
    held_length = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t c = units[i];
        if (c >= 0xd800 && c < 0xdc00 && i + 1 < count && units[i + 1] >= 0xdc00 &&
            units[i + 1] < 0xe000)
            c = 0x10000 + ((c - 0xd800) << 10) + (units[++i] - 0xdc00u);
        if (c < 0x80) {
            held[held_length++] = (unsigned char)c;
        } else if (c < 0x800) {
            held[held_length++] = (unsigned char)(0xc0 | c >> 6);
            held[held_length++] = (unsigned char)(0x80 | (c & 0x3f));
        } else if (c < 0x10000) {
            held[held_length++] = (unsigned char)(0xe0 | c >> 12);
            held[held_length++] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
            held[held_length++] = (unsigned char)(0x80 | (c & 0x3f));
        } else {
            held[held_length++] = (unsigned char)(0xf0 | c >> 18);
            held[held_length++] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
            held[held_length++] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
            held[held_length++] = (unsigned char)(0x80 | (c & 0x3f));
        }
    }
    return JS_UNDEFINED;
}

static JSValue hold_utf8(const char *bytes)
{
    held_length = strlen(bytes);
    memcpy(held, bytes, held_length);
    return JS_UNDEFINED;
}

#define JS_NewString(context, bytes) ((void)(context), hold_utf8(bytes))
#define JS_NewStringUTF16(context, units, count) ((void)(context), hold_utf16(units, count))
#define JS_ThrowOutOfMemory(context) ((void)(context), JS_EXCEPTION)
#define JS_ToCStringLen(context, length, value) \
    ((void)(context), (void)(value), *(length) = held_length, (const char *)held)
#define JS_FreeCString(context, text) ((void)(context), (void)(text))
#include "../text.c"

static bool returns(const char *bytes)
{
    JSValue value = text_in(NULL, bytes);
    char *back = text_out(NULL, value);
    bool same = back && strcmp(back, bytes) == 0;
    free(back);
    return same;
}

int main(void)
{
    bool all = true;
    for (int byte = 1; byte < 256; byte++) {
        char text[] = {'a', (char)byte, 'b', 0};
        all = all && returns(text);
    }
    claim(all, "every single byte comes back");
    static const char *const odd[] = {"", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xc0\x80",
                                      "\xe0\x80\x80", "\xed\xa0\x80", "\xed\xb2\x80", "\xf4\x90\x80\x80",
                                      "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\x80\xbf", "\xf5\xff"};
    all = true;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        all = all && returns(odd[i]);
    claim(all, "what is almost UTF-8 comes back, lone surrogates included");
    all = true;
    uint32_t seed = 5;
    for (int turn = 0; turn < 20000; turn++) {
        char text[41];
        size_t length = next_random(&seed) % 40;
        for (size_t i = 0; i < length; i++) {
            uint32_t r = next_random(&seed);
            text[i] = (char)(r % 3 ? 0x80 | (r >> 8) : 1 + (r >> 8) % 255);
        }
        text[length] = 0;
        all = all && returns(text);
    }
    claim(all, "any bytes come back");
    return verdict();
}
