/* The configuring door: what policy/plan/facts.ts asks of the machine. */
#ifndef TANDEM_FACTS_H
#define TANDEM_FACTS_H

#include "quickjs.h"

/* The facts object. */
JSValue facts_new(JSContext *context);
/* Removes the directories that makeTempDir made. Async-signal-safe enough for the take-down. */
void facts_cleanup(void);

#endif
