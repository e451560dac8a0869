/* What the kernel tells of a process's group: memory, CPU time, descriptors. */
#ifndef TANDEM_FIGURES_H
#define TANDEM_FIGURES_H

#include <stdint.h>

#include "queue.h"

/*
 * `text` with its figures filled in: U+0001, a letter, the index of a process
 * (none: Tandem itself) and `;`. `unknown` stands where there is none.
 */
void figures_fill(struct queue *queue, const char *text, size_t length, const char *unknown);

#endif
