/* Who descends from us, by /proc. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

enum { GENERATIONS_MAX = 32 };

/* The parent is the second field after the name, which is in parentheses and may hold anything. */
pid_t parent_of_pid(pid_t pid)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return -1;
    text[n] = '\0';
    const char *end = strrchr(text, ')');
    /* A zombie is dead already and only waits for its parent. */
    if (!end || end[1] != ' ' || end[2] == 'Z')
        return -1;
    return (pid_t)atol(end + 4);
}

bool is_descendant(pid_t pid)
{
    for (int i = 0; i < GENERATIONS_MAX && pid > 1; i++) {
        pid = parent_of_pid(pid);
        if (pid == getpid())
            return true;
    }
    return false;
}
