#include "attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host.h"

/* Environment and arguments share a bound of the kernel's; no secret is near it (execve(2)). */
enum { SECRET_MAX = 64 << 10 };

static int set_oom(const char *text)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = write(fd, text, strlen(text));
    int error = errno;
    close(fd);
    errno = error;
    return n < 0 ? -1 : 0;
}

static int set_groups(const struct attributes *a)
{
    if (syscall(SYS_setgroups, (size_t)a->groups_count, a->groups) == 0)
        return 0;
    /* Without the right to change them they may be what was asked for already. */
    return errno == EPERM && geteuid() == a->uid && getegid() == a->gid ? 0 : -1;
}

int attributes_apply(const struct attributes *a, const char *volatile *stage)
{
    *stage = "oom_score_adj";
    if (a->has_oom && set_oom(a->oom))
        return -1;
    *stage = "nice";
    if (a->has_nice && setpriority(PRIO_PROCESS, 0, a->nice))
        return -1;
    *stage = "setrlimit";
    for (uint32_t i = 0; i < a->limits_count; i++)
        if (syscall(SYS_prlimit64, 0, a->limits[i].resource, &a->limits[i].value, NULL))
            return -1;
    if (a->has_user) {
        *stage = "setgroups";
        if (set_groups(a))
            return -1;
        *stage = "setgid";
        if (syscall(SYS_setresgid, a->gid, a->gid, a->gid))
            return -1;
        *stage = "setuid";
        if (syscall(SYS_setresuid, a->uid, a->uid, a->uid))
            return -1;
    }
    *stage = NULL;
    if (a->has_umask)
        umask(a->mask);
    return 0;
}

/* One secret as NAME=value behind `at`; the number of bytes with its end, or -errno. */
static ssize_t read_secret(const struct secret *secret, char *at, size_t room)
{
    size_t length = strlen(secret->name) + 1;
    if (length + SECRET_MAX + 2 > room)
        return -E2BIG;
    int fd = open(secret->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    memcpy(at, secret->name, length - 1);
    at[length - 1] = '=';
    size_t used = 0;
    ssize_t n;
    while ((n = read(fd, at + length + used, SECRET_MAX + 1 - used)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        used += (size_t)n;
        if (used > SECRET_MAX)
            break;
    }
    int error = n < 0 ? errno : used > SECRET_MAX ? E2BIG : 0;
    close(fd);
    char *value = at + length;
    if (!error && memchr(value, '\0', used))
        error = EINVAL;
    if (error)
        return -error;
    /* Editors and `echo` end a file with a newline that is no part of it. */
    if (used && value[used - 1] == '\n')
        used--;
    if (used && value[used - 1] == '\r')
        used--;
    value[used] = '\0';
    return (ssize_t)(length + used + 1);
}

static void put(char **lines, size_t *count, char *line)
{
    size_t name = strcspn(line, "=") + 1;
    for (size_t i = 0; i < *count; i++)
        if (strncmp(lines[i], line, name) == 0) {
            lines[i] = line;
            return;
        }
    lines[(*count)++] = line;
}

int environment_open(const struct child *child, const char *mark, struct environment *env,
                     const char **stage)
{
    const struct attributes *a = child->attributes;
    uint32_t secrets = a ? a->secrets_count : 0;
    size_t count = 0, mark_size = mark ? strlen(mark) + strlen(child->name) + 1 : 0;
    *env = (struct environment){0};
    *stage = "secret";
    while (child->env[count])
        count++;
    env->lines = malloc((count + secrets + 2) * sizeof *env->lines + mark_size);
    if (!env->lines)
        return -ENOMEM;
    char *marked = (char *)(env->lines + count + secrets + 2);
    memcpy(env->lines, child->env, count * sizeof *env->lines);
    if (secrets) {
        env->values_size = secrets * (SECRET_MAX + 4096);
        env->values = malloc(env->values_size);
        if (!env->values) {
            environment_drop(env);
            return -ENOMEM;
        }
    }
    size_t used = 0;
    for (uint32_t i = 0; i < secrets; i++) {
        ssize_t n = read_secret(&a->secrets[i], env->values + used, env->values_size - used);
        if (n < 0) {
            environment_drop(env);
            return (int)n;
        }
        put(env->lines, &count, env->values + used);
        used += (size_t)n;
    }
    if (mark) {
        snprintf(marked, mark_size, "%s%s", mark, child->name);
        env->lines[count++] = marked;
    }
    env->lines[count] = NULL;
    return 0;
}

void environment_drop(struct environment *env)
{
    if (env->values)
        explicit_bzero(env->values, env->values_size);
    free(env->values);
    free(env->lines);
    *env = (struct environment){0};
}
