/* The first writable of $TMPDIR, /tmp, /dev/shm and /run. */
#include "tempdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIRS_MAX = 8, PATH_BYTES = 256, DEPTH_MAX = 8 };

static char made[DIRS_MAX][PATH_BYTES];
static int made_count;

int tempdir_make(const char **path)
{
    const char *const parents[] = {getenv("TMPDIR"), "/tmp", "/dev/shm", "/run"};
    int error = ENOENT;
    if (made_count == DIRS_MAX)
        return -EMFILE;
    char *name = made[made_count];
    for (size_t i = 0; i < sizeof parents / sizeof *parents; i++) {
        if (!parents[i] || !*parents[i])
            continue;
        int n = snprintf(name, PATH_BYTES, "%s/tandem-XXXXXX", parents[i]);
        /* 0711: a server's workers of another user may pass through, and not look around. */
        if (n < PATH_BYTES && mkdtemp(name) && chmod(name, 0711) == 0) {
            made_count++;
            *path = name;
            return 0;
        }
        error = errno;
    }
    return -error;
}

/* Never follows a symbolic link: what others put there stays theirs. */
static void remove_in(int parent, const char *name, int depth)
{
    if (unlinkat(parent, name, 0) == 0 || depth == 0)
        return;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove_in(dirfd(dir), entry->d_name, depth - 1);
    closedir(dir);
    unlinkat(parent, name, AT_REMOVEDIR);
}

void tempdir_remove_all(void)
{
    while (made_count > 0)
        remove_in(AT_FDCWD, made[--made_count], DEPTH_MAX);
}
