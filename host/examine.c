/* Looks at a run that has ended: its last lines, its program, its memory, its port. */
#include "examine.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host.h"

/* `10:58:42` is a time and no port: two digits behind a colon and two digits. */
static bool is_time(const char *line, const char *at)
{
    return at - line >= 4 && isdigit((unsigned char)at[-2]) && isdigit((unsigned char)at[-3]) &&
           at[-4] != '.' && !isdigit((unsigned char)at[-4]);
}

/* The last number in a line that stands where a port does: behind `:`, `port ` or `, `. 0: none. */
static int port_in(const char *line, const char *end)
{
    int port = 0;
    for (const char *at = line + 1; at < end; at++) {
        bool behind = at[-1] == ':' || (at - line > 5 && strncasecmp(at - 5, "port ", 5) == 0) ||
                      (at - line > 2 && at[-2] == ',' && at[-1] == ' ');
        if (!behind || !isdigit((unsigned char)*at))
            continue;
        char *after;
        long number = strtol(at, &after, 10);
        if (number > 0 && number < 65536 && !(at[-1] == ':' && is_time(line, at)))
            port = (int)number;
        at = after - 1;
    }
    return port;
}

static void look_at_lines(const struct question *question, struct found *found)
{
    char text[4096 + 1];
    size_t length = pump_tail(host.pump, question->process, text, sizeof text - 1, -1);
    /* A NUL would hide what is behind it. */
    for (size_t i = 0; i < length; i++)
        text[i] = text[i] ? text[i] : ' ';
    text[length] = '\0';
    for (int i = 0; i < question->phrases_count && found->phrase < 0; i++) {
        const char *at = strcasestr(text, question->phrases[i]);
        if (!at)
            continue;
        found->phrase = i;
        const char *line = at;
        while (line > text && line[-1] != '\n')
            line--;
        int port = i < question->port_phrases ? port_in(line, at + strcspn(at, "\n")) : 0;
        found->port = port ? port : found->port;
    }
}

void examine(const struct question *question, struct found *found)
{
    const struct child *child = &host.children[question->process];
    *found = (struct found){.phrase = -1, .port = question->port, .holder_process = -1,
                            .oom_killed = child->oom_killed, .oom_kills = -1,
                            .memory_bytes = -1};
    look_at_lines(question, found);
    snprintf(found->program.name, sizeof found->program.name, "%s", child->argv[0]);
    if (question->program)
        program_look(child->argv[0], spawn_path(child), child->cwd, &found->program);
    if (question->sockets || (found->phrase >= 0 && found->phrase < question->port_phrases))
        sockets_look(question->process, found);
}

void examine_memory(struct found *found)
{
    found->oom_kills = oom_kills();
    if (found->oom_kills > 0)
        found->memory_bytes = oom_limit_bytes();
}
