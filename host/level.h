/* How serious a line says it is, in the words and forms that programs use. */
#ifndef TANDEM_LEVEL_H
#define TANDEM_LEVEL_H

#include <stddef.h>

enum level { LEVEL_NONE, LEVEL_DEBUG, LEVEL_INFO, LEVEL_NOTICE, LEVEL_WARNING, LEVEL_ERROR,
             LEVEL_CRITICAL, LEVEL_ALERT, LEVEL_EMERGENCY };

/* As Cloud Logging writes it. */
const char *level_name(enum level level);
/* LEVEL_NONE: there is no such. */
enum level level_named(const char *name);
/* By the first bytes of a line; LEVEL_NONE: it does not say. */
enum level level_of(const char *at, const char *end);

#endif
