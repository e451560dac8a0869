/* Who listens: /proc/net/tcp and tcp6 tell the port and the inode, /proc/PID/fd who has it. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "examine.h"
#include "host.h"

/* A machine with more is walked through in part: a reason is not worth a second. */
enum { LISTENERS_MAX = 512, LINKS_MAX = 50000, STATE_LISTEN = 0x0a };

struct listener {
    unsigned long inode;
    uint16_t port;
};

static int read_listeners(const char *path, struct listener *all, int count)
{
    char line[512];
    FILE *file = fopen(path, "re");
    while (file && count < LISTENERS_MAX && fgets(line, sizeof line, file)) {
        /* sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode (proc(5)) */
        const char *fields[10] = {0}, *at = line;
        for (int i = 0; i < 10; i++) {
            fields[i] = at += strspn(at, " ");
            at += strcspn(at, " ");
        }
        const char *port = strchr(fields[1], ':');
        unsigned long inode = strtoul(fields[9], NULL, 10);
        if (port && inode && strtoul(fields[3], NULL, 16) == STATE_LISTEN)
            all[count++] = (struct listener){inode, (uint16_t)strtoul(port + 1, NULL, 16)};
    }
    if (file)
        fclose(file);
    return count;
}

static void holds(uint32_t process, pid_t pid, uint16_t port, struct found *found)
{
    pid_t group = getpgid(pid);
    int owner = -1;
    for (uint32_t i = 0; i < host.children_count; i++)
        if (host.children[i].pid == pid || (group > 0 && host.children[i].group == group))
            owner = (int)i;
    if (port == found->port && !found->holder) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%ld/comm", (long)pid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, found->holder_name, sizeof found->holder_name - 1);
        if (fd >= 0)
            close(fd);
        found->holder_name[n > 0 ? n : 0] = '\0';
        found->holder_name[strcspn(found->holder_name, "\n")] = '\0';
        found->holder = pid;
        found->holder_process = owner;
    }
    if (owner != (int)process || found->listens_count == LISTENS_MAX)
        return;
    for (int i = 0; i < found->listens_count; i++)
        if (found->listens[i] == port)
            return;
    found->listens[found->listens_count++] = port;
}

static int look_at_process(uint32_t process, const char *pid, const struct listener *all,
                           int count, struct found *found)
{
    char path[300], link[64];
    int links = 0;
    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir)); links++) {
        ssize_t n = readlinkat(dirfd(dir), entry->d_name, link, sizeof link - 1);
        link[n > 0 ? n : 0] = '\0';
        if (strncmp(link, "socket:[", 8) != 0)
            continue;
        unsigned long inode = strtoul(link + 8, NULL, 10);
        for (int i = 0; i < count; i++)
            if (all[i].inode == inode)
                holds(process, (pid_t)atol(pid), all[i].port, found);
    }
    if (dir)
        closedir(dir);
    return links;
}

void sockets_look(uint32_t process, struct found *found)
{
    static struct listener all[LISTENERS_MAX];
    int count = read_listeners("/proc/net/tcp", all, 0);
    count = read_listeners("/proc/net/tcp6", all, count);
    DIR *proc = count ? opendir("/proc") : NULL;
    int left = LINKS_MAX;
    for (struct dirent *entry; proc && left > 0 && (entry = readdir(proc));)
        if (isdigit((unsigned char)*entry->d_name))
            left -= 1 + look_at_process(process, entry->d_name, all, count, found);
    if (proc)
        closedir(proc);
}
