/*
 * One pass over /proc for one answer, and only when the answer wants a figure.
 * A process's figures are those of its whole group: an app server is its
 * workers.
 */
#include "figures.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

/* A container has few processes; a machine that has more is not worth waiting for. */
enum { PIDS_MAX = 20000, FDS_MAX = 100000 };

struct figures {
    bool known;
    int64_t memory, cpu_ms, fds;   /* fds -1: not ours to see */
};

static int64_t count_fds(const char *pid)
{
    char path[64];
    int64_t count = 0;
    snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
    DIR *dir = opendir(path);
    if (!dir)
        return -1;
    while (readdir(dir) && count < FDS_MAX)
        count++;
    closedir(dir);
    return count >= 2 ? count - 2 : 0;
}

struct stat_line {
    int group;
    int64_t ticks, gone_ticks, pages;
};

static bool read_stat(const char *pid, struct stat_line *out)
{
    char path[64], text[1024];
    unsigned long long user, system;
    long long user_gone, system_gone, pages;
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    /* Its name may hold anything, a closing parenthesis too. */
    const char *at = strrchr(text, ')');
    if (!at || sscanf(at + 1, " %*c %*d %d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %lld %lld"
                              " %*d %*d %*d %*d %*u %*u %lld",
                      &out->group, &user, &system, &user_gone, &system_gone, &pages) != 6)
        return false;
    out->ticks = (int64_t)(user + system);
    out->gone_ticks = user_gone + system_gone;
    out->pages = pages;
    return true;
}

static void add(struct figures *to, const char *pid, const struct stat_line *line, bool with_gone)
{
    int64_t ticks = line->ticks + (with_gone ? line->gone_ticks : 0);
    int64_t fds = count_fds(pid);
    to->memory += line->pages * sysconf(_SC_PAGESIZE);
    to->cpu_ms += ticks * 1000 / sysconf(_SC_CLK_TCK);
    to->fds = fds < 0 || to->fds < 0 ? -1 : to->fds + fds;
    to->known = true;
}

/* One for each process, and a last one for Tandem itself. NULL: no memory. */
static struct figures *collect(void)
{
    struct figures *all = calloc(host.children_count + 1, sizeof *all);
    struct stat_line line;
    DIR *dir = all ? opendir("/proc") : NULL;
    if (!dir)
        return all;
    if (read_stat("self", &line))
        add(&all[host.children_count], "self", &line, false);
    struct dirent *entry;
    for (int seen = 0; (entry = readdir(dir)) && seen < PIDS_MAX;) {
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || !read_stat(entry->d_name, &line))
            continue;
        seen++;
        for (uint32_t i = 0; i < host.children_count; i++) {
            const struct child *child = &host.children[i];
            if (child->group && child->group == line.group)
                add(&all[i], entry->d_name, &line, atoi(entry->d_name) == child->pid);
        }
    }
    closedir(dir);
    return all;
}

static void put_figure(struct queue *queue, char letter, uint32_t process,
                       const struct figures *one, const char *unknown)
{
    pid_t pid = process < host.children_count ? host.children[process].pid : getpid();
    bool known = one && one->known;
    if (letter == 'p' && pid)
        queue_format(queue, "%d", (int)pid);
    else if (letter == 'm' && known)
        queue_format(queue, "%" PRId64, one->memory);
    else if (letter == 'c' && known)
        queue_format(queue, "%" PRId64, one->cpu_ms);
    else if (letter == 's')
        /* A counter has to be a number. */
        queue_format(queue, "%.3f", known ? (double)one->cpu_ms / 1000 : 0.0);
    else if (letter == 'f' && known && one->fds >= 0)
        queue_format(queue, "%" PRId64, one->fds);
    else
        queue_text(queue, unknown);
}

void figures_fill(struct queue *queue, const char *text, size_t length, const char *unknown)
{
    struct figures *all = NULL;
    const char *end = text + length;
    for (;;) {
        const char *mark = memchr(text, 1, (size_t)(end - text));
        queue_put(queue, text, (size_t)((mark ? mark : end) - text));
        if (!mark || end - mark < 3)
            break;
        char *after;
        unsigned long process = mark[2] == ';' ? host.children_count : strtoul(mark + 2, &after, 10);
        text = mark[2] == ';' ? mark + 3 : after + 1;
        CHECK(process <= host.children_count && text <= end);
        if (!all)
            all = collect();
        put_figure(queue, mark[1], (uint32_t)process, all ? &all[process] : NULL, unknown);
    }
    free(all);
}
