#include "door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 64 };

static struct {
    struct sockaddr_un address;
    dev_t device;
    ino_t inode;
    bool made_folder;
} made;

/* The folder of `path`, open; -errno. */
static int open_folder(const char *path, bool shared)
{
    char folder[sizeof made.address.sun_path];
    struct stat st;
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash)
        return -EINVAL;
    *(slash == folder ? slash + 1 : slash) = '\0';
    made.made_folder = mkdir(folder, 0700) == 0;
    if (!made.made_folder && errno != EEXIST)
        return -errno;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (shared ? 0 : O_NOFOLLOW));
    if (fd < 0)
        return -errno;
    /* In /tmp anybody could have made it before us. */
    if (fstat(fd, &st) || (!shared && (st.st_uid != geteuid() || st.st_mode & 077))) {
        close(fd);
        return -EPERM;
    }
    return fd;
}

static bool is_answered(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool refused = connect(fd, (struct sockaddr *)&made.address, sizeof made.address) &&
                   errno == ECONNREFUSED;
    close(fd);
    return !refused;
}

static int bind_and_listen(int fd)
{
    struct sockaddr *address = (struct sockaddr *)&made.address;
    struct stat st;
    mode_t mask = umask(0177);
    int r = bind(fd, address, sizeof made.address);
    if (r && errno == EADDRINUSE && !is_answered()) {
        /* Left by one that did not get to remove it. Only a socket: no file is ours to replace. */
        if (lstat(made.address.sun_path, &st) == 0 && S_ISSOCK(st.st_mode))
            unlink(made.address.sun_path);
        r = bind(fd, address, sizeof made.address);
    }
    r = r || listen(fd, BACKLOG) || lstat(made.address.sun_path, &st) ? -errno : 0;
    umask(mask);
    if (r == 0) {
        made.device = st.st_dev;
        made.inode = st.st_ino;
    }
    return r;
}

int door_unix(const char *path, bool shared)
{
    made.address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof made.address.sun_path)
        return -ENAMETOOLONG;
    strcpy(made.address.sun_path, path);
    int folder = open_folder(path, shared);
    if (folder < 0)
        return folder;
    /* Of two that begin at once, one looks at what is there at a time. */
    int r = flock(folder, LOCK_EX | LOCK_NB) ? -EADDRINUSE : 0;
    int fd = r ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (!r)
        r = fd < 0 ? -errno : bind_and_listen(fd);
    close(folder);
    if (r && fd >= 0)
        close(fd);
    return r ? r : fd;
}

int door_tcp(const char *address, uint16_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
    if (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1)
        return -EINVAL;
    int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int one = 1;
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    int r = is_v4 ? bind(fd, (struct sockaddr *)&v4, sizeof v4)
                  : bind(fd, (struct sockaddr *)&v6, sizeof v6);
    if (r || listen(fd, BACKLOG)) {
        r = -errno;
        close(fd);
        return r;
    }
    return fd;
}

bool door_knows(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
        return false;
    return peer.uid == geteuid() || peer.uid == 0;
}

void door_remove(void)
{
    struct stat st;
    char *path = made.address.sun_path;
    if (!made.inode || lstat(path, &st) || st.st_dev != made.device || st.st_ino != made.inode)
        return;
    unlink(path);
    *strrchr(path, '/') = '\0';
    if (made.made_folder)
        rmdir(path);
}
