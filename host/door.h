/* Where others may come in: a Unix socket that only its owner and root can use, and a port. */
#ifndef TANDEM_DOOR_H
#define TANDEM_DOOR_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Listens at `path`, in a folder that is made (0700) where it is not there.
 * `shared`: the folder is somebody's choice; else it has to be ours alone.
 * The descriptor, or -errno; -EADDRINUSE: another Tandem answers there.
 */
int door_unix(const char *path, bool shared);
/* Listens at a numeric address. The descriptor, or -errno. */
int door_tcp(const char *address, uint16_t port);
/* Whether who has connected is the same user or root (SO_PEERCRED, unix(7)). */
bool door_knows(int fd);
/* Removes the socket, where it is still ours. */
void door_remove(void);

#endif
