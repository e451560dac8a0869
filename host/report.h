/* The report at an end that nobody asked for. */
#ifndef TANDEM_REPORT_H
#define TANDEM_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

/* `about` as the policy gives it; with the last lines of `process` (-1: of none). */
void report(JSContext *context, JSValueConst about, int64_t process, const char *sentence);

/*
 * Reads the library, so that the report is made without delay. Called when there is nothing to do
 * but wait for the others to end.
 */
void report_prepare(JSContext *context);

/* Async-signal-safe. To where Kubernetes reads why a container has ended, where that is. */
void report_to_platform(const char *text, size_t length);

#endif
