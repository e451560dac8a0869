/* Makes the image of an engine's memory bytes again; see tools/lz4.mjs. */
#ifndef TANDEM_UNLZ4_H
#define TANDEM_UNLZ4_H

#include <stddef.h>
#include <stdint.h>

/* Beyond `out_length` this many bytes may be written, and have to be there: copies go by words. */
enum { UNLZ4_SPARE = 32 };

/*
 * Fills exactly `out_length` bytes from one LZ4 block. 0, or -EILSEQ where the
 * block is damaged, or holds more or less. Reads nothing outside of `in`.
 */
int unlz4(uint8_t *out, size_t out_length, const uint8_t *in, size_t in_length);

#endif
