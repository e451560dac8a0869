/*
 * Goal: whatever a process writes, each line that goes out as JSON is a valid entry, and says what
 * was written and how serious that is.
 * Method: random bytes, texts and objects, read back by a plain parser of its own; the forms that
 * programs write, one by one.
 * With: form.c entry.c level.c
 */
#include "../form.h"

#include <string.h>

#include "../entry.h"
#include "../sink.h"
#include "check.h"

static char out[1 << 20];

/* What goes out for this text, which ends with its last newline. */
static size_t lines(const char *text, size_t length, size_t room, bool times)
{
    static char in[1 << 16];
    struct form form = {.level = LEVEL_INFO, .times = times};
    form_json(&form, "p");
    memcpy(in, text, length);
    memset(in + length, 0, SPARE_BYTES);
    struct cursor c = {.at = in, .end = in + length, .to = out, .limit = out + room};
    while (c.at < c.end) {
        c.limit = c.to + room;
        form_lines(&form, &c);
        if (!c.full)
            break;
        room = form_room(&form, &c);
    }
    *c.to = '\0';
    return (size_t)(c.to - out);
}

/* A value by RFC 8259, the slow and simple way; NULL: none. */
static const char *value(const char *p);

static const char *blank(const char *p)
{
    return p + strspn(p, " \t\r");
}

static const char *text_value(const char *p)
{
    for (p++; *p != '"'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x20)
            return NULL;
        if (c == '\\') {
            p++;
            if (*p == 'u') {
                if (strspn(p + 1, "0123456789abcdefABCDEF") < 4)
                    return NULL;
                p += 4;
            } else if (!*p || !strchr("\"\\/bfnrt", *p)) {
                return NULL;
            }
        } else if (c >= 0x80) {
            int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
            unsigned code = c & (0x3f >> more);
            static const unsigned least[] = {0, 0x80, 0x800, 0x10000};
            if (c < 0xc0 || c > 0xf7)
                return NULL;
            for (int i = 0; i < more; i++) {
                p++;
                if (((unsigned char)*p & 0xc0) != 0x80)
                    return NULL;
                code = code << 6 | ((unsigned char)*p & 0x3f);
            }
            if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
                return NULL;
        }
    }
    return p + 1;
}

static const char *members(const char *p, char end)
{
    p = blank(p + 1);
    if (*p == end)
        return p + 1;
    for (;;) {
        if (end == '}') {
            if (*p != '"' || !(p = text_value(p)))
                return NULL;
            p = blank(p);
            if (*p++ != ':')
                return NULL;
        }
        p = value(blank(p));
        if (!p)
            return NULL;
        p = blank(p);
        if (*p == end)
            return p + 1;
        if (*p++ != ',')
            return NULL;
        p = blank(p);
    }
}

static const char *value(const char *p)
{
    if (*p == '"')
        return text_value(p);
    if (*p == '{' || *p == '[')
        return members(p, *p == '{' ? '}' : ']');
    static const char *const words[] = {"true", "false", "null"};
    for (int i = 0; i < 3; i++)
        if (strncmp(p, words[i], strlen(words[i])) == 0)
            return p + strlen(words[i]);
    p += *p == '-';
    size_t whole = strspn(p, "0123456789");
    if (whole == 0 || (whole > 1 && *p == '0'))
        return NULL;
    p += whole;
    if (*p == '.') {
        size_t part = strspn(p + 1, "0123456789");
        if (!part)
            return NULL;
        p += part + 1;
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        size_t part = strspn(p, "0123456789");
        if (!part)
            return NULL;
        p += part;
    }
    return p;
}

/* Whether each line that went out is an object; their number. */
static int objects(bool *valid)
{
    int count = 0;
    *valid = true;
    for (const char *p = out; *p;) {
        const char *end = *p == '{' ? value(p) : NULL;
        if (!end || *blank(end) != '\n') {
            *valid = false;
            return count;
        }
        p = blank(end) + 1;
        count++;
    }
    return count;
}

/* Of JSON's own characters most of the time, so that it is nearly right often. */
static size_t nearly(char *text, uint32_t *seed)
{
    static const char *const parts[] = {
        "{", "}", "[", "]", ",", ":", "\"a\"", "\"process\"", "\"logging.googleapis.com/labels\"",
        "{}", "1", "-0.5e+7", "01", "true", "null", "\"\\u00e9\"", "\"\\ud800\"", "\"\\x\"", " ",
        "\"\xc3\xa9\"", "\"\xff\"", "\"time\"", "\"b\":2", "\"logging.googleapis.com/labels\":{",
    };
    size_t length = 0, count = next_random(seed) % 12;
    text[length++] = '{';
    for (size_t i = 0; i < count; i++) {
        const char *part = parts[next_random(seed) % (sizeof parts / sizeof *parts)];
        memcpy(text + length, part, strlen(part));
        length += strlen(part);
    }
    text[length++] = '}';
    text[length++] = '\n';
    return length;
}

static size_t any(char *text, uint32_t *seed)
{
    size_t length = next_random(seed) % 400;
    bool ascii = next_random(seed) % 2;
    for (size_t i = 0; i < length; i++) {
        uint32_t r = next_random(seed);
        text[i] = (char)(ascii ? 32 + (r >> 8) % 95 : r >> 8);
        if (text[i] == '\n')
            text[i] = '\t';
    }
    text[length++] = '\n';
    return length;
}

static void fuzz(void)
{
    static char text[4096];
    const char *runs = getenv("TANDEM_BYTES");
    int count = runs ? atoi(runs) * 10 : 50000, bad = 0, through = 0;
    uint32_t seed = 4711;
    for (int i = 0; i < count; i++) {
        bool valid, object = i % 2;
        size_t length = object ? nearly(text, &seed) : any(text, &seed);
        lines(text, length, i % 7 ? 1 << 16 : 1024 + next_random(&seed) % 600, i % 3 == 0);
        bad += objects(&valid) != 1 || !valid;
        text[length - 1] = '\0';
        /* What is an object by the slow parser goes through, and nothing else does. */
        const char *end = strlen(text) == length - 1 && *text == '{' ? value(text) : NULL;
        bool is = end && !*blank(end);
        bool went = strncmp(out, "{\"severity\":\"", 13) != 0;
        bad += is != went;
        through += went;
    }
    printf("%d lines, %d of them objects\n", count, through);
    claim(bad == 0, "any bytes become one valid entry, and any object goes through");
    claim(through > count / 50, "of which there were enough");
}

static bool puts_out(const char *text, const char *wanted)
{
    lines(text, strlen(text), 1 << 16, false);
    if (strcmp(out, wanted) == 0)
        return true;
    printf("%s%s", out, wanted);
    return false;
}

#define LABEL "\"logging.googleapis.com/labels\":"

static void merging(void)
{
    claim(puts_out("{}\n", "{" LABEL "{\"process\":\"p\"}}\n") &&
              puts_out("{ \"a\":1 }\n", "{ " LABEL "{\"process\":\"p\"},\"a\":1 }\n"),
          "an object is given the label");
    claim(puts_out("{\"a\":{" LABEL "{}}," LABEL "{\"x\":\"y\"}}\n",
                   "{\"a\":{" LABEL "{}}," LABEL "{\"process\":\"p\",\"x\":\"y\"}}\n") &&
              puts_out("{" LABEL "{ }}\n", "{" LABEL "{\"process\":\"p\" }}\n"),
          "labels of its own get one more");
    claim(puts_out("{" LABEL "{\"process\":\"mine\"}}\n", "{" LABEL "{\"process\":\"mine\"}}\n") &&
              puts_out("{" LABEL "7}\n", "{" LABEL "7}\n"),
          "what it says of that itself stays");
}

static void splitting(void)
{
    static char text[60000];
    memset(text, '\1', sizeof text);
    text[sizeof text - 1] = '\n';
    bool valid;
    size_t length = lines(text, sizeof text, UNIT_MAX_BYTES, false);
    int count = objects(&valid);
    size_t longest = 0;
    for (const char *p = out; *p; p = strchr(p, '\n') + 1) {
        size_t size = (size_t)(strchr(p, '\n') - p);
        longest = size > longest ? size : longest;
    }
    claim(valid && count == 2 && longest <= ENTRY_MAX_BYTES && length > 6 * (sizeof text - 1),
          "an entry that would get too long is two");
    claim(strstr(out, "\"partial\":\"start\"") && strstr(out, "\"partial\":\"end\""),
          "which say so");
}

static void levels(void)
{
    static const struct {
        enum level level;
        const char *text;
    } cases[] = {
        {LEVEL_INFO, "INFO: started"},
        {LEVEL_INFO, "INFO:     Uvicorn running on http://127.0.0.1:8000"},
        {LEVEL_WARNING, "WARNING:root:disk is nearly full"},
        {LEVEL_ERROR, "error: cannot open x"},
        {LEVEL_ERROR, "ERROR cannot open x"},
        {LEVEL_WARNING, "warn: Microsoft.AspNetCore[3] text"},
        {LEVEL_ERROR, "fail: Microsoft.AspNetCore[3] text"},
        {LEVEL_INFO, "[info] text"},
        {LEVEL_WARNING, "[ WARN ] text"},
        {LEVEL_ERROR, "2026/11/25 10:58:38 [error] 12#12: *1 connect() failed"},
        {LEVEL_NOTICE, "2026/11/25 10:58:38 [notice] 12#12: start worker process 13"},
        {LEVEL_EMERGENCY, "nginx: [emerg] bind() to 0.0.0.0:80 failed"},
        {LEVEL_INFO, "[2026-11-25 10:58:38 +0000] [7] [INFO] Listening at: http://0.0.0.0:8080"},
        {LEVEL_WARNING, "2026-11-25 10:58:38,123 - my.logger - WARNING - careful"},
        {LEVEL_WARNING, "my.logger - WARNING - careful"},
        {LEVEL_CRITICAL, "2026-11-25 10:58:38,123 CRITICAL my.logger: text"},
        {LEVEL_INFO, "[2026-11-25 10:58:38,123: INFO/MainProcess] celery@x ready"},
        {LEVEL_INFO, "I1125 10:58:38.123456    1234 file.cc:12] text"},
        {LEVEL_ERROR, "E1125 10:58:38.123456    1234 file.cc:12] text"},
        {LEVEL_CRITICAL, "F1125 10:58:38.123456    1234 file.cc:12] text"},
        {LEVEL_INFO, "time=\"2026-11-25T10:58:38Z\" level=info msg=\"error in nothing\""},
        {LEVEL_WARNING, "ts=1 lvl=warn msg=x"},
        {LEVEL_ERROR, "severity=\"ERROR\" text"},
        {LEVEL_INFO, "10:58:38.123 [main] INFO  com.example.App - Started"},
        {LEVEL_ERROR, "I, [2026-11-25T10:58:38.123456 #7] ERROR -- : text"},
        {LEVEL_INFO, "2026-11-25 10:58:38.123 UTC [12] LOG:  database system is ready"},
        {LEVEL_CRITICAL, "2026-11-25 10:58:38.123 UTC [12] FATAL:  no pg_hba.conf entry"},
        {LEVEL_NOTICE, "[25-Nov-2026 10:58:38] NOTICE: fpm is running, pid 1"},
        {LEVEL_NOTICE, "[Wed Nov 25 10:58:38.123 2026] [core:notice] [pid 1] AH00094: text"},
        {LEVEL_INFO, "\033[2m2026-11-25T10:58:38.123Z\033[0m \033[32m INFO\033[0m \033[2mfoo\033[0m"},
        {LEVEL_INFO, "\033[32mINFO\033[0m: text"},
        {LEVEL_INFO, "[10:58:38 INF] text"},
        {LEVEL_WARNING, "2026-11-25T10:58:38.123456Z 0 [Warning] [MY-010068] [Server] text"},
        {LEVEL_INFO, "2026-11-25T10:58:38.123456Z\tinfo\tFLAG: --x"},
        {LEVEL_NONE, "error handling is what this talk is about"},
        {LEVEL_NONE, "there was no ERROR in it"},
        {LEVEL_NONE, "3 files had an ERROR"},
        {LEVEL_NONE, "Information about INFORMATION-7"},
        {LEVEL_NONE, "GET /errors?level=7 200"},
        {LEVEL_NONE, "127.0.0.1 - - [25/Nov/2026:10:58:38 +0000] \"GET /error HTTP/1.1\" 200"},
        {LEVEL_NONE, "\"quoted error\""},
        {LEVEL_NONE, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256] = "", sentence[300];
        strcpy(text, cases[i].text);
        enum level level = level_of(text, text + strlen(text));
        snprintf(sentence, sizeof sentence, "%s has the level %s", *text ? text : "nothing",
                 level_name(cases[i].level));
        claim(level == cases[i].level, sentence);
    }
}

int main(void)
{
    levels();
    merging();
    splitting();
    fuzz();
    return verdict();
}
