/* What a process is given besides its program: a user, limits, priorities, secrets. */
#ifndef TANDEM_ATTRIBUTES_H
#define TANDEM_ATTRIBUTES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct child;

struct limit {
    int resource;
    struct rlimit value;
};

struct secret {
    char *name;
    char *path;
};

struct attributes {
    bool has_user, has_umask, has_nice, has_oom;
    bool tty;                /* the terminal is its own */
    uid_t uid;
    gid_t gid;
    gid_t *groups;
    uint32_t groups_count;
    mode_t mask;
    int nice;
    char oom[16];            /* as it is written to /proc */
    struct limit *limits;
    uint32_t limits_count;
    struct secret *secrets;
    uint32_t secrets_count;
};

/*
 * After vfork, so system calls only, and those that change the user raw: a C
 * library's own would ask all threads to follow (nptl(7)). 0, or -1 with errno
 * and the name of the call in `stage`.
 */
int attributes_apply(const struct attributes *attributes, const char *volatile *stage);

/* An environment for one spawn. */
struct environment {
    char **lines;
    char *values;            /* of secrets; NULL: none */
    size_t values_size;
};

/*
 * The process's environment, its secrets read now, and `mark` (NULL: none)
 * behind it. 0 or -errno; what can't be read is named by `stage`.
 */
int environment_open(const struct child *child, const char *mark, struct environment *env,
                     const char **stage);
/* Secrets don't stay in memory that is free. */
void environment_drop(struct environment *env);

#endif
