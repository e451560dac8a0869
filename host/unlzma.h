/* What xz made of a library at build time, made bytes again. */
#ifndef TANDEM_UNLZMA_H
#define TANDEM_UNLZMA_H

#include <stddef.h>
#include <stdint.h>

/* Of probabilities, which the caller lends as room to work in. */
enum { UNLZMA_ROOM = 1007 + (0x300 << 3) };

/*
 * Fills exactly `out_length` bytes from a raw LZMA stream with an end marker,
 * made with lc=3, lp=0, pb=0 (tools/build.mjs). `room` holds UNLZMA_ROOM
 * numbers. 0, or -EILSEQ where the stream is damaged, ends early, or holds
 * more or less than that. Never reads or writes outside of what it is given.
 */
int unlzma(uint8_t *out, size_t out_length, const uint8_t *in, size_t in_length, uint16_t *room);

#endif
