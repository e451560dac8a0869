/*
 * Orphans of a run: descendants that left its process group (setsid(2), a
 * double fork) and came to us when their parents ended. Whose they are stands
 * in their environment. They are our children then, so that their numbers stay
 * theirs until we reap them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

enum { CHILDREN_BYTES = 1 << 16, ENVIRON_BYTES = 1 << 15 };

static ssize_t read_file(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    if (fd < 0)
        return -1;
    while (length < size - 1) {
        ssize_t n = read(fd, text + length, size - 1 - length);
        if (n <= 0)
            break;
        length += (size_t)n;
    }
    close(fd);
    text[length] = '\0';
    return (ssize_t)length;
}

static bool is_process(pid_t pid)
{
    for (uint32_t i = 0; i < host.children_count; i++) {
        const struct child *child = &host.children[i];
        if (child->pid == pid || child->probe.pid == pid || child->drain.pid == pid)
            return true;
    }
    return false;
}

static bool bears_mark(pid_t pid, const char *mark)
{
    static char text[ENVIRON_BYTES];
    char path[64];
    size_t size = strlen(mark);
    snprintf(path, sizeof path, "/proc/%ld/environ", (long)pid);
    ssize_t length = read_file(path, text, sizeof text);
    for (char *at = text; length > 0 && at < text + length; at += strlen(at) + 1)
        if (strlen(at) == size && memcmp(at, mark, size) == 0)
            return true;
    return false;
}

static uint32_t processes_alive(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < host.children_count; i++)
        count += host.children[i].pid ? 1 : 0;
    return count;
}

void orphans_collect(struct child *child)
{
    static char list[CHILDREN_BYTES];
    char path[64], mark[160];
    uint32_t count = 0;
    child->orphans_count = 0;
    snprintf(path, sizeof path, "/proc/self/task/%ld/children", (long)getpid());
    if (read_file(path, list, sizeof list) <= 0)
        return;
    for (const char *at = list; (at = strchr(at, ' ')); at++)
        count++;
    /* Nobody but the processes themselves: the common case, and a cheap one. */
    if (count <= processes_alive())
        return;
    snprintf(mark, sizeof mark, ORPHAN_MARK "%s", child->name);
    for (char *at = list, *end; child->orphans_count < ORPHANS_MAX; at = end) {
        pid_t pid = (pid_t)strtol(at, &end, 10);
        if (end == at)
            break;
        if (!is_process(pid) && parent_of_pid(pid) == getpid() && bears_mark(pid, mark))
            child->orphans[child->orphans_count++] = pid;
    }
}

void orphans_signal(const struct child *child, int signal)
{
    for (uint32_t i = 0; i < child->orphans_count; i++)
        kill(child->orphans[i], signal);
}

void orphans_reaped(pid_t pid)
{
    for (uint32_t i = 0; i < host.children_count; i++) {
        struct child *child = &host.children[i];
        for (uint32_t j = 0; j < child->orphans_count; j++)
            if (child->orphans[j] == pid)
                child->orphans[j--] = child->orphans[--child->orphans_count];
    }
}
