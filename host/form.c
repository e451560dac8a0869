#include "form.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "entry.h"
#include "scan.h"
#include "sink.h"

void form_prefix(struct form *form, const char *name, size_t width, int colour)
{
    char on[16] = "";
    /* What a line before has left of its own colours ends here. */
    if (colour)
        snprintf(on, sizeof on, "\033[0;%dm", colour);
    const char *off = colour ? "\033[0m" : "";
    form->kind = FORM_PREFIX;
    form->lead_length = (size_t)snprintf(form->lead, sizeof form->lead, "%s%-*.*s |%s ", on,
                                         (int)width, FORM_NAME_BYTES, name, off);
    form->again_length = (size_t)snprintf(form->again, sizeof form->again, "%s%-*.*s +%s ", on,
                                          (int)width, FORM_NAME_BYTES, name, off);
}

void form_json(struct form *form, const char *name)
{
    form->kind = FORM_JSON;
    form->lead_length = (size_t)snprintf(form->lead, sizeof form->lead, "\"process\":\"%.*s\"",
                                         FORM_NAME_BYTES, name);
    form->again_length = (size_t)snprintf(form->again, sizeof form->again,
                                          "\"," ENTRY_LABELS "{%s", form->lead);
}

size_t form_stamp(char *to, int digits)
{
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    long part = digits == 3 ? now.tv_nsec / 1000000 : now.tv_nsec / 1000;
    return (size_t)snprintf(to, FORM_STAMP_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%0*ldZ",
                            utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
                            utc.tm_min, utc.tm_sec, digits, part);
}

/* A line that ends at `stop` has been put. */
static void finish(struct cursor *c, const char *stop)
{
    bool whole = stop < c->end;
    c->at = whole ? stop + 1 : stop;
    c->continues = !whole && !c->last;
}

/* The rest of a line that has gone out is only its newline: nothing is left to be shown. */
static bool skip_empty_rest(struct cursor *c)
{
    if (!c->continues || *c->at != '\n')
        return false;
    c->at++;
    c->continues = false;
    return true;
}

static void lines_raw(struct cursor *c)
{
    size_t room = (size_t)(c->limit - c->to);
    const char *stop = c->end;
    while (!c->flush && stop > c->at && stop[-1] != '\n')
        stop--;
    while ((size_t)(stop - c->at) > room) {
        c->full = true;
        stop = c->at + room;
        while (stop > c->at && stop[-1] != '\n')
            stop--;
    }
    memcpy(c->to, c->at, (size_t)(stop - c->at));
    c->to += stop - c->at;
    c->at = stop;
}

static void lines_prefix(const struct form *form, struct cursor *c)
{
    char heads[2][FORM_TEXT_BYTES + FORM_STAMP_BYTES + LANE];
    size_t stamped = 0, lengths[2];
    if (form->times) {
        stamped = form_stamp(heads[0], 3);
        heads[0][stamped++] = ' ';
        memcpy(heads[1], heads[0], stamped);
    }
    memcpy(heads[0] + stamped, form->lead, form->lead_length);
    memcpy(heads[1] + stamped, form->again, form->again_length);
    lengths[0] = stamped + form->lead_length;
    lengths[1] = stamped + form->again_length;
    while (c->at < c->end) {
        if (skip_empty_rest(c))
            continue;
        size_t head = lengths[c->continues];
        const char *at = c->at;
        char *to = c->to;
        unsigned i;
        if (to + head >= c->limit) {
            c->full = true;
            return;
        }
        to = lane_copy(to, heads[c->continues], head);
        /* Copies until the newline is seen: each byte is looked at once. */
        for (;;) {
            lane bytes = lane_load(at);
            i = lane_newline(bytes);
            lane_store(to, bytes);
            if (i < LANE || at + LANE >= c->end || to + LANE >= c->limit)
                break;
            at += LANE;
            to += LANE;
        }
        const char *stop = at + i < c->end ? at + i : c->end;
        to += stop - at;
        bool known = i < LANE || stop == c->end;
        if (known && stop == c->end && !c->flush)
            return;
        if (!known || to + 1 > c->limit) {
            c->full = true;
            return;
        }
        *to++ = '\n';
        c->to = to;
        finish(c, stop);
    }
}

static char *put(char *to, const char *text, size_t length)
{
    memcpy(to, text, length);
    return to + length;
}

#define PUT(to, literal) put(to, literal, sizeof literal - 1)

/* A line that is an object, with the label merged into it. */
static char *put_object(const struct form *form, char *to, const struct object *o,
                        const char *at, const char *stop)
{
    to = put(to, at, (size_t)(o->open - at));
    at = o->open;
    if (form->times && !o->has_time) {
        to = PUT(to, "\"time\":\"");
        to += form_stamp(to, 6);
        to = o->empty && o->labels_odd ? PUT(to, "\"") : PUT(to, "\",");
    }
    if (!o->labels) {
        to = PUT(to, ENTRY_LABELS "{");
        to = put(to, form->lead, form->lead_length);
        to = o->empty ? PUT(to, "}") : PUT(to, "},");
    } else if (!o->labels_odd && !o->has_process) {
        to = put(to, at, (size_t)(o->labels - at));
        at = o->labels;
        to = put(to, form->lead, form->lead_length);
        to = o->labels_empty ? to : PUT(to, ",");
    }
    return put(to, at, (size_t)(stop - at));
}

/* What an entry needs besides its message, at most. */
enum { AROUND_BYTES = 512 };

/* How an entry of each level begins. */
static const struct head {
    size_t length;
    char text[2 * LANE];
} heads[] = {
#define HEAD(name) {sizeof "{\"severity\":\"" name "\"," - 1, "{\"severity\":\"" name "\","}
    [LEVEL_NONE] = HEAD("DEFAULT"),       [LEVEL_DEBUG] = HEAD("DEBUG"),
    [LEVEL_INFO] = HEAD("INFO"),          [LEVEL_NOTICE] = HEAD("NOTICE"),
    [LEVEL_WARNING] = HEAD("WARNING"),    [LEVEL_ERROR] = HEAD("ERROR"),
    [LEVEL_CRITICAL] = HEAD("CRITICAL"),  [LEVEL_ALERT] = HEAD("ALERT"),
    [LEVEL_EMERGENCY] = HEAD("EMERGENCY"),
#undef HEAD
};

/* An entry around what stands at `c->at`; false: there is no room for it. */
static bool put_entry(const struct form *form, struct cursor *c, const char *stop)
{
    const char *at = c->at;
    const struct head *head = &heads[c->level];
    char *to = c->to, *room = c->limit - AROUND_BYTES, *most = to + ENTRY_MAX_BYTES - AROUND_BYTES;
    bool whole = stop < c->end || c->last;
    if (room - to < AROUND_BYTES)
        return false;
    to = lane_copy(to, head->text, head->length);
    if (form->times) {
        to = PUT(to, "\"time\":\"");
        to += form_stamp(to, 6);
        to = PUT(to, "\",");
    }
    to = PUT(to, "\"message\":\"");
    char *limit = room < most ? room : most;
    to = entry_escape(to, limit, &at, stop, !whole);
    if (to >= room && at < stop)
        return false;
    /* A character that may yet be completed waits for it, unless it is all there is. */
    if (at == c->at && at < stop)
        to = entry_escape(to, limit, &at, stop, false);
    bool ended = whole && at == stop;
    to = lane_copy(to, form->again, form->again_length);
    if (!ended)
        to = c->continues ? PUT(to, ",\"partial\":\"middle\"") : PUT(to, ",\"partial\":\"start\"");
    else if (c->continues)
        to = PUT(to, ",\"partial\":\"end\"");
    c->to = PUT(to, "}}\n");
    c->at = at;
    if (ended)
        finish(c, stop);
    else
        c->continues = true;
    return true;
}

/* One line, or a part of it: where it is an object it goes through as it is. */
static bool line_json(const struct form *form, struct cursor *c, const char *stop)
{
    struct object object;
    if (!c->continues) {
        size_t length = (size_t)(stop - c->at);
        bool whole = stop < c->end || c->last;
        if (whole && length < ENTRY_MAX_BYTES - AROUND_BYTES &&
            entry_object(c->at, stop, &object)) {
            if ((size_t)(c->limit - c->to) < length + AROUND_BYTES)
                return false;
            c->to = put_object(form, c->to, &object, c->at, stop);
            *c->to++ = '\n';
            finish(c, stop);
            return true;
        }
        enum level level = level_of(c->at, stop);
        c->level = level == LEVEL_NONE ? form->level : level;
    }
    return put_entry(form, c, stop);
}

static void lines_json(const struct form *form, struct cursor *c)
{
    while (c->at < c->end) {
        if (skip_empty_rest(c))
            continue;
        const char *stop = scan_newline(c->at, c->end), *before = c->at;
        if (stop == c->end && !c->flush)
            return;
        if (!line_json(form, c, stop)) {
            c->full = true;
            return;
        }
        /* Three bytes of a character at most are left. */
        if (stop == c->end && (c->at == before || c->end - c->at < 4))
            return;
    }
}

void form_lines(const struct form *form, struct cursor *c)
{
    c->full = false;
    switch (form->kind) {
    case FORM_RAW: lines_raw(c); break;
    case FORM_PREFIX: lines_prefix(form, c); break;
    case FORM_JSON: lines_json(form, c); break;
    }
}

size_t form_room(const struct form *form, const struct cursor *c)
{
    size_t length = (size_t)(scan_newline(c->at, c->end) - c->at);
    size_t around = form->kind == FORM_JSON ? AROUND_BYTES * 2 + LANE : FORM_TEXT_BYTES * 2;
    size_t most = form->kind == FORM_JSON ? 6 * length : length;
    most += around;
    return most < UNIT_MAX_BYTES ? most : UNIT_MAX_BYTES;
}
