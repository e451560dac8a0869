/*
 * Kills for lack of memory. The kernel counts them in the control group of
 * the one that was killed before it kills, so that the count has risen when
 * the death is seen: memory.events (cgroup v2) or memory.oom_control (v1).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "examine.h"

/* The folder of the group that we are in; empty: none was found. */
static char folder[4096];
static bool second;
static int64_t at_open = -1, taken = -1;

static ssize_t read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n;
}

/* The number behind `key ` at the start of a line; -1: there is none. */
static int64_t value_of(const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *at = text; at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
        if (strncmp(at, key, length) == 0 && at[length] == ' ')
            return strtoll(at + length + 1, NULL, 10);
    return -1;
}

static int64_t count(void)
{
    char path[4160], text[2048];
    if (!*folder)
        return -1;
    snprintf(path, sizeof path, "%s/%s", folder, second ? "memory.events" : "memory.oom_control");
    return read_text(path, text, sizeof text) > 0 ? value_of(text, "oom_kill") : -1;
}

static bool try_folder(bool is_second, const char *root, const char *below, size_t length)
{
    second = is_second;
    if (snprintf(folder, sizeof folder, "%s%.*s", root, (int)length, below) < (int)sizeof folder &&
        count() >= 0)
        return true;
    *folder = '\0';
    return false;
}

/* With a namespace of its own, or without one: the path may be the host's, and not be there. */
static bool try_group(bool is_second, const char *root, const char *path)
{
    size_t length = strcspn(path, "\n");
    return try_folder(is_second, root, path, length == 1 ? 0 : length) ||
           try_folder(is_second, root, "", 0);
}

void oom_open(void)
{
    char text[4096];
    const char *own;
    if (read_text("/proc/self/cgroup", text, sizeof text) <= 0)
        return;
    own = strstr(text, ":memory:");
    if (!own || !try_group(false, "/sys/fs/cgroup/memory", own + 8)) {
        own = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
        if (!own || !try_group(true, "/sys/fs/cgroup", strchr(own, ':') + 2))
            return;
    }
    at_open = taken = count();
}

bool oom_take(void)
{
    if (taken < 0 || count() <= taken)
        return false;
    taken++;
    return true;
}

int64_t oom_kills(void)
{
    int64_t now = count();
    return now < 0 || at_open < 0 ? -1 : now - at_open;
}

int64_t oom_limit_bytes(void)
{
    char path[4160], text[64];
    if (!*folder)
        return -1;
    snprintf(path, sizeof path, "%s/%s", folder, second ? "memory.max" : "memory.limit_in_bytes");
    if (read_text(path, text, sizeof text) <= 0 || *text < '0' || *text > '9')
        return -1;
    int64_t bytes = strtoll(text, NULL, 10);
    /* Without a limit v1 says the largest number of pages. */
    return bytes >= (int64_t)1 << 60 ? -1 : bytes;
}
