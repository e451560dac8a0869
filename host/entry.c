#include "entry.h"

#include <string.h>

#include "scan.h"

/* The bytes of the character that begins here; 0: it is no UTF-8, or `end` cuts it (RFC 3629). */
static size_t utf8_length(const char *at, const char *end)
{
    const unsigned char *p = (const unsigned char *)at;
    size_t left = (size_t)(end - at), length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    /* Overlong forms, surrogates, and what lies behind U+10FFFF. */
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return length;
}

/* Whether more bytes could make a character of these last ones. */
static bool is_cut(const char *at, const char *end)
{
    const unsigned char *p = (const unsigned char *)at;
    size_t left = (size_t)(end - at), length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left >= length)
        return false;
    for (size_t i = 1; i < left; i++)
        if ((p[i] & 0xc0) != 0x80)
            return false;
    return true;
}

static char *escape_one(char *to, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i < sizeof named - 1; i += 2)
        if (named[i] == (char)c) {
            to[0] = '\\';
            to[1] = named[i + 1];
            return to + 2;
        }
    /* A byte that is no text shows as such; a control character has its place in JSON. */
    memcpy(to, c < 0x80 ? "\\u00" : "\\\\x", 4);
    to += c < 0x80 ? 4 : 3;
    to[0] = digits[c >> 4];
    to[1] = digits[c & 15];
    return to + 2;
}

char *entry_escape(char *to, char *limit, const char **from, const char *end, bool cut)
{
    const char *at = *from;
    while (at < end && to < limit) {
        lane bytes = lane_load(at);
        unsigned plain = lane_special(bytes);
        size_t left = (size_t)(end - at);
        lane_store(to, bytes);
        if (plain > left)
            plain = (unsigned)left;
        at += plain;
        to += plain;
        if (plain == LANE || at == end || to >= limit)
            continue;
        unsigned char c = (unsigned char)*at;
        size_t length = c >= 0x80 ? utf8_length(at, end) : 0;
        if (c == '\n' || (c >= 0x80 && !length && cut && is_cut(at, end)))
            break;
        if (length) {
            memcpy(to, at, length);
            to += length;
            at += length;
        } else {
            to = escape_one(to, c);
            at++;
        }
    }
    *from = at;
    return to;
}

char *entry_text(char *to, char *limit, const char *text, size_t length)
{
    char piece[256 + LANE] = {0};
    while (length && to < limit) {
        size_t n = length < 256 ? length : 256;
        const char *at = piece;
        memcpy(piece, text, n);
        to = entry_escape(to, limit, &at, piece + n, n < length);
        size_t used = (size_t)(at - piece);
        if (used < n && to < limit && *at == '\n') {
            to = escape_one(to, '\n');
            used++;
        }
        if (used == 0)
            break;
        text += used;
        length -= used;
    }
    return to;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && is_space(*at))
        at++;
    return at;
}

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* Behind the quote that ends it; NULL: it is none. `at` stands behind the first quote. */
static const char *string_end(const char *at, const char *end)
{
    for (;;) {
        unsigned plain = LANE;
        while (at < end && (plain = lane_special(lane_load(at))) == LANE)
            at += LANE;
        at += plain < LANE ? plain : 0;
        if (at >= end)
            return NULL;
        unsigned char c = (unsigned char)*at;
        if (c == '"')
            return at + 1;
        if (c >= 0x80) {
            size_t length = utf8_length(at, end);
            if (!length)
                return NULL;
            at += length;
        } else if (c != '\\' || end - at < 2) {
            return NULL;
        } else if (at[1] == 'u') {
            if (end - at < 6)
                return NULL;
            for (int i = 2; i < 6; i++)
                if (!is_digit(at[i]) && (unsigned char)((at[i] | 0x20) - 'a') >= 6)
                    return NULL;
            at += 6;
        } else if (at[1] && strchr("\"\\/bfnrt", at[1])) {
            at += 2;
        } else {
            return NULL;
        }
    }
}

static const char *digits_end(const char *at, const char *end)
{
    const char *from = at;
    while (at < end && is_digit(*at))
        at++;
    return at > from ? at : NULL;
}

static const char *number_end(const char *at, const char *end)
{
    at += *at == '-';
    if (at < end && *at == '0')
        at++;
    else
        at = digits_end(at, end);
    if (at && at < end && *at == '.')
        at = digits_end(at + 1, end);
    if (at && at < end && (*at | 0x20) == 'e') {
        at++;
        at += at < end && (*at == '+' || *at == '-');
        at = digits_end(at, end);
    }
    return at;
}

/* A value that holds no others. */
static const char *plain_end(const char *at, const char *end)
{
    static const char *const words[] = {"true", "false", "null"};
    if (*at == '"')
        return string_end(at + 1, end);
    for (size_t i = 0; i < 3; i++) {
        size_t length = strlen(words[i]);
        if ((size_t)(end - at) >= length && memcmp(at, words[i], length) == 0)
            return at + length;
    }
    return *at == '-' || is_digit(*at) ? number_end(at, end) : NULL;
}

#define IS(key, length, text) ((length) == sizeof text - 1 && memcmp(key, text, length) == 0)

/* A key of the line itself, or of its labels; `value` is where its value begins. */
static void see_key(struct object *found, int depth, bool in_labels, const char *key, size_t length,
                    const char *value, const char *end)
{
    if (depth == 2 && in_labels && IS(key, length, "process"))
        found->has_process = true;
    if (depth != 1)
        return;
    if (IS(key, length, "time") || IS(key, length, "timestamp") ||
        IS(key, length, "timestampSeconds"))
        found->has_time = true;
    if (!IS(key, length, "logging.googleapis.com/labels"))
        return;
    /* Twice, or no object: nothing can be merged into that. */
    found->labels_odd = found->labels || value >= end || *value != '{';
    found->labels = value + 1;
    found->labels_empty = value + 1 < end && *skip_space(value + 1, end) == '}';
}

enum { DEPTH_MAX = 64 };

bool entry_object(const char *at, const char *end, struct object *found)
{
    /* A bit for each level: 1 where an object is open. */
    uint64_t objects = 0;
    int depth = 0;
    bool in_labels = false, opened = false;
    *found = (struct object){0};
    at = skip_space(at, end);
    while (end > at && is_space(end[-1]))
        end--;
    if (end - at < 2 || *at != '{' || end[-1] != '}')
        return false;
    for (;;) {
        /* A value begins here. */
        if (at >= end)
            return false;
        opened = *at == '{' || *at == '[';
        if (opened) {
            if (depth == DEPTH_MAX)
                return false;
            objects = objects << 1 | (*at == '{');
            depth++;
            at = skip_space(at + 1, end);
            if (depth == 1) {
                found->open = at;
                found->empty = at < end && *at == '}';
            }
        } else if (!(at = plain_end(at, end))) {
            return false;
        }
        /* What may follow: the end of what is open, or the next part of it. */
        for (;;) {
            at = skip_space(at, end);
            if (at >= end)
                return false;
            if (*at == (objects & 1 ? '}' : ']')) {
                opened = false;
                objects >>= 1;
                at++;
                if (--depth == 0)
                    return at == end;
                in_labels = in_labels && depth > 1;
                continue;
            }
            if (opened)
                break;
            if (*at != ',')
                return false;
            at = skip_space(at + 1, end);
            break;
        }
        opened = false;
        if (!(objects & 1))
            continue;
        if (at >= end || *at != '"')
            return false;
        const char *key = at + 1;
        at = string_end(key, end);
        if (!at)
            return false;
        size_t length = (size_t)(at - 1 - key);
        at = skip_space(at, end);
        if (at >= end || *at != ':')
            return false;
        at = skip_space(at + 1, end);
        see_key(found, depth, in_labels, key, length, at, end);
        if (depth == 1)
            in_labels = found->labels == at + 1;
    }
}
