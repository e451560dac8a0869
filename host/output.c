/* What becomes of a process's output: where it goes through us, and what it looks like then. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

int output_open(const struct child *child, int out[2], int err[2])
{
    const struct attributes *a = child->attributes;
    bool user = a && a->has_user;
    /* A line can only be seen where it passes through us, and a pipe only be owned where we made it. */
    bool seen = child->logs.kind != FORM_RAW || child->word.kind == WORD_LOG || user;
    if (!seen || (a && a->tty))
        return 0;
    if (pipe2(out, O_CLOEXEC))
        return -errno;
    if (pipe2(err, O_CLOEXEC)) {
        int r = -errno;
        close(out[0]);
        close(out[1]);
        return r;
    }
    /* A program may open /dev/stdout anew, which asks who owns the pipe (proc_pid_fd(5)). */
    if (user) {
        /* Without the right to do so the change of user will fail, and that is said. */
        (void)!fchown(out[1], a->uid, a->gid);
        (void)!fchown(err[1], a->uid, a->gid);
    }
    return 0;
}

static size_t name_width(void)
{
    static size_t width;
    for (uint32_t i = 0; !width && i < host.children_count; i++)
        for (uint32_t j = 0; j < host.children_count; j++) {
            size_t length = strlen(host.children[j].name);
            width = length > width ? length : width;
        }
    return width < FORM_NAME_BYTES ? width : FORM_NAME_BYTES;
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

/* As NO_COLOR's and FORCE_COLOR's users agreed; else by the terminal. */
static bool wants_colour(int fd)
{
    const char *forced = getenv("FORCE_COLOR"), *terminal = getenv("TERM");
    if (is_set("NO_COLOR"))
        return false;
    if (is_set("FORCE_COLOR"))
        return strcmp(forced, "0") != 0;
    return isatty(fd) && !(terminal && strcmp(terminal, "dumb") == 0);
}

/* One name has one colour, wherever and whenever it runs. */
static int colour_of(const char *name)
{
    static const unsigned char colours[] = {36, 33, 32, 35, 34, 96, 93, 92, 95, 94};
    uint32_t hash = 2166136261u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return colours[hash % sizeof colours];
}

static struct form *form_for(const struct child *child, int which)
{
    struct form *form = calloc(1, sizeof *form);
    if (!form)
        return NULL;
    form->times = child->logs.times;
    /* What a program says beside its output is about what went wrong, unless it says otherwise. */
    form->level = which == 2 ? LEVEL_ERROR : LEVEL_INFO;
    if (child->logs.kind == FORM_PREFIX)
        form_prefix(form, child->name, name_width(),
                    wants_colour(which) ? colour_of(child->name) : 0);
    else if (child->logs.kind == FORM_JSON)
        form_json(form, child->name);
    return form;
}

static void add(uint32_t process, int which, int fd)
{
    struct form *form = form_for(&host.children[process], which);
    if (form && pump_add(host.pump, process, which, fd, form) == 0)
        return;
    free(form);
    close(fd);
}

void output_add(uint32_t process, int out, int err)
{
    const struct child *child = &host.children[process];
    add(process, 1, out);
    add(process, 2, err);
    if (child->word.kind == WORD_LOG)
        pump_match(host.pump, process, child->word.pattern);
}
