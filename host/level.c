#include "level.h"

#include <stdbool.h>
#include <string.h>

#include "scan.h"

enum { HEAD_BYTES = 128, WORD_MAX = 11 };

static const char *const level_names[] = {"DEFAULT", "DEBUG",    "INFO",  "NOTICE",   "WARNING",
                                          "ERROR",   "CRITICAL", "ALERT", "EMERGENCY"};

const char *level_name(enum level level)
{
    return level_names[level];
}

enum level level_named(const char *name)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++)
        if (strcmp(level_names[i], name) == 0)
            return (enum level)i;
    return LEVEL_NONE;
}

static const struct {
    /* Beginning with its length. */
    char word[WORD_MAX + 2];
    enum level level;
} level_words[] = {
    {"\5trace", LEVEL_DEBUG},     {"\3trc", LEVEL_DEBUG},       {"\4trce", LEVEL_DEBUG},
    {"\5debug", LEVEL_DEBUG},     {"\3dbg", LEVEL_DEBUG},       {"\4dbug", LEVEL_DEBUG},
    {"\7verbose", LEVEL_DEBUG},   {"\4info", LEVEL_INFO},       {"\3inf", LEVEL_INFO},
    {"\13information", LEVEL_INFO}, {"\6notice", LEVEL_NOTICE}, {"\4warn", LEVEL_WARNING},
    {"\7warning", LEVEL_WARNING}, {"\3wrn", LEVEL_WARNING},     {"\5error", LEVEL_ERROR},
    {"\3err", LEVEL_ERROR},       {"\6severe", LEVEL_ERROR},    {"\4fail", LEVEL_ERROR},
    {"\10critical", LEVEL_CRITICAL}, {"\4crit", LEVEL_CRITICAL}, {"\5fatal", LEVEL_CRITICAL},
    {"\3ftl", LEVEL_CRITICAL},    {"\5panic", LEVEL_CRITICAL},  {"\5alert", LEVEL_ALERT},
    {"\5emerg", LEVEL_EMERGENCY}, {"\11emergency", LEVEL_EMERGENCY},
};

static bool is_alpha(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *word_end(const char *at, const char *end)
{
    while (at < end && is_alpha(*at))
        at++;
    return at;
}

static enum level word_level(const char *word, size_t length)
{
    char lower[WORD_MAX + 2];
    if (length < 3 || length > WORD_MAX)
        return LEVEL_NONE;
    lower[0] = (char)length;
    for (size_t i = 0; i < length; i++)
        lower[i + 1] = (char)(word[i] | 0x20);
    for (size_t i = 0; i < sizeof level_words / sizeof *level_words; i++)
        if (level_words[i].word[0] == lower[0] && level_words[i].word[1] == lower[1] &&
            memcmp(level_words[i].word, lower, length + 1) == 0)
            return level_words[i].level;
    return LEVEL_NONE;
}

/* A bounded look at a line: a NUL stands for what lies outside, a blank for a colour. */
struct line {
    const char *start, *end;
};

static char at(const struct line *line, const char *p)
{
    return p < line->start || p >= line->end ? '\0' : *p == '\033' ? ' ' : *p;
}

/* Behind what sets a colour (ECMA-48's CSI), or the same place. */
static const char *after_colour(const struct line *line, const char *p)
{
    if (at(line, p) != ' ' || *p != '\033' || at(line, p + 1) != '[')
        return p;
    for (p += 2; p < line->end && !is_alpha(*p); p++)
        ;
    return p < line->end ? p + 1 : p;
}

/* `I1125 10:58:38.123456 1234 file.cc:12] text` (glog, klog). */
static enum level glog_level(const struct line *line, const char *p)
{
    for (int i = 1; i < 5; i++)
        if (!is_digit(at(line, p + i)))
            return LEVEL_NONE;
    if (at(line, p + 5) != ' ' || !is_digit(at(line, p + 6)) || at(line, p + 8) != ':')
        return LEVEL_NONE;
    switch (*p) {
    case 'I': return LEVEL_INFO;
    case 'W': return LEVEL_WARNING;
    case 'E': return LEVEL_ERROR;
    case 'F': return LEVEL_CRITICAL;
    default: return LEVEL_NONE;
    }
}

static bool is_upper(const char *word, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (word[i] & 0x20)
            return false;
    return true;
}

static bool is_key(const char *word, size_t length)
{
    static const char *const keys[] = {"level", "lvl", "severity"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strlen(keys[i]) == length && memcmp(keys[i], word, length) == 0)
            return true;
    return false;
}

/* `level=warn`, `level="warn"` (logfmt). */
static enum level value_level(const struct line *line, const char *p)
{
    const char *from = at(line, p) == '"' ? p + 1 : p;
    return word_level(from, (size_t)(word_end(from, line->end) - from));
}

/* `[info]`, `[ INFO ]`, `<error>`, and Apache's `[core:notice]`. */
static bool is_closed(const struct line *line, const char *word, size_t length)
{
    const char *before = word - 1, *behind = word + length;
    while (is_blank(at(line, before)))
        before--;
    while (is_blank(at(line, behind)))
        behind++;
    char open = at(line, before), close = at(line, behind);
    bool module = word[-1] == ':' && close == ']' && is_alpha(at(line, word - 2));
    return (open == '[' && close == ']') || (open == '<' && close == '>') || module;
}

/* The level that a word of the line gives it, by where it stands. */
static enum level judge(const struct line *line, const char *word, size_t length, bool first,
                        bool stamped)
{
    char before = at(line, word - 1), behind = at(line, word + length);
    if (behind == '=' && is_key(word, length) && (before == '\0' || is_blank(before)))
        return value_level(line, word + length + 1);
    bool upper = is_upper(word, length);
    /* Most words of most lines: nothing around them says that they are more than that. */
    if (!first && !upper && before == ' ' && at(line, word - 2) != '[')
        return LEVEL_NONE;
    enum level level = word_level(word, length);
    if (stamped && upper && behind == ':' && length == 3 && memcmp(word, "LOG", 3) == 0)
        return LEVEL_INFO;
    if (level == LEVEL_NONE)
        return LEVEL_NONE;
    /* `ERROR text`, `error: text`, `WARNING:root:text` */
    if (first && (behind == ':' || (upper && !is_alpha(behind) && behind != '_')))
        return level;
    if (!first && is_closed(line, word, length))
        return level;
    /* `2026-11-25 10:58:38,123 name INFO text`, and tabs as zap writes them */
    if (stamped && strchr(" \t[|:-", before) && strchr(" \t]|:-/,", behind) &&
        (upper || (before == '\t' && behind == '\t')))
        return level;
    /* `name - INFO - text` */
    bool dashes = before == ' ' && behind == ' ' && at(line, word - 2) == '-' &&
                  at(line, word + length + 1) == '-';
    return upper && dashes ? level : LEVEL_NONE;
}

/* Whether anything but its first word could give it a level: a mark, or three capitals. */
static bool has_marks(const char *at, const char *end)
{
    /* Each look begins with the last two bytes of the one before. */
    for (; at < end; at += LANE - 2) {
        lane bytes = lane_load(at);
        uint64_t upper = lane_upper(bytes);
        if ((upper & upper >> LANE_BITS & upper >> 2 * LANE_BITS) | lane_equal(bytes, '[') |
            lane_equal(bytes, '<') | lane_equal(bytes, '=') | lane_equal(bytes, '\t'))
            return true;
    }
    return false;
}

enum level level_of(const char *from, const char *end)
{
    size_t most = (size_t)(end - from) < HEAD_BYTES ? (size_t)(end - from) : HEAD_BYTES;
    struct line line = {from, scan_newline(from, from + most)};
    const char *p = from;
    while (p < line.end && (is_blank(*p) || after_colour(&line, p) != p))
        p = is_blank(*p) ? p + 1 : after_colour(&line, p);
    if (p < line.end && is_alpha(*p) && is_digit(at(&line, p + 1))) {
        enum level level = glog_level(&line, p);
        if (level != LEVEL_NONE)
            return level;
    }
    const char *first = p;
    if (!has_marks(first, line.end)) {
        const char *behind = word_end(first, line.end);
        return at(&line, behind) == ':' ? word_level(first, (size_t)(behind - first)) : LEVEL_NONE;
    }
    /* It begins with a date or a time; Ruby puts a letter before it. */
    const char *digit = at(&line, p) == '[' ? p + 1 : p;
    if (is_alpha(at(&line, p)) && at(&line, p + 1) == ',' && at(&line, p + 3) == '[')
        digit = p + 4;
    bool stamped = is_digit(at(&line, digit)) && is_digit(at(&line, digit + 1));
    while (p < line.end) {
        const char *after = after_colour(&line, p);
        if (after != p || !is_alpha(*p)) {
            p = after != p ? after : p + 1;
            continue;
        }
        const char *word = p;
        p = word_end(p, line.end);
        bool alone = !is_digit(at(&line, word - 1)) && !is_digit(at(&line, p));
        enum level level = alone ? judge(&line, word, (size_t)(p - word), word == first, stamped)
                                 : LEVEL_NONE;
        if (level != LEVEL_NONE)
            return level;
    }
    return LEVEL_NONE;
}
