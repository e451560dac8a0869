/* Directories for files that a plan needs, removed at exit. */
#ifndef TANDEM_TEMPDIR_H
#define TANDEM_TEMPDIR_H

/* A new directory, mode 0711; `path` stays valid. 0 or -errno. */
int tempdir_make(const char **path);
void tempdir_remove_all(void);

#endif
