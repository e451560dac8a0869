/* Running a program to its end, before the loop begins. */
#ifndef TANDEM_RUN_H
#define TANDEM_RUN_H

#include <stddef.h>
#include <stdint.h>

/* execvp(3)'s search: 0, -ENOENT, or -EACCES when only an unexecutable file bears the name. */
int find_program(const char *name, const char *dirs, char *path, size_t size);

/*
 * Its exit code, 128 + signal, or -errno. stdout and stderr together in
 * `output`. After `timeout_ms` its group is killed: -ETIMEDOUT.
 */
int run_program(char *const *argv, int64_t timeout_ms, char *output, size_t size, size_t *length);

#endif
