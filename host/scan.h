/*
 * Looking at sixteen bytes at once, with or without copying them. musl's
 * memchr(3) takes them one by one (or eight), which is half of what a pump
 * does. All of it may read up to LANE - 1 bytes behind the end that is meant,
 * and copying may write as many: buffers have that much to spare.
 */
#ifndef TANDEM_SCAN_H
#define TANDEM_SCAN_H

#include <stddef.h>
#include <stdint.h>

enum { LANE = 16 };

#if defined(__SSE2__)
#include <emmintrin.h>

typedef __m128i lane;

static inline lane lane_load(const char *from)
{
    return _mm_loadu_si128((const __m128i *)(const void *)from);
}

static inline void lane_store(char *to, lane bytes)
{
    _mm_storeu_si128((__m128i *)(void *)to, bytes);
}

static inline unsigned lane_first(lane hits)
{
    return (unsigned)__builtin_ctz((unsigned)_mm_movemask_epi8(hits) | 1u << LANE);
}

/* Each byte is this many bits of a mask. */
enum { LANE_BITS = 1 };

static inline uint64_t lane_equal(lane bytes, char c)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)));
}

static inline uint64_t lane_upper(lane bytes)
{
    lane above = _mm_cmpgt_epi8(bytes, _mm_set1_epi8('A' - 1));
    lane below = _mm_cmplt_epi8(bytes, _mm_set1_epi8('Z' + 1));
    return (unsigned)_mm_movemask_epi8(_mm_and_si128(above, below));
}

/* Where the first newline is; LANE: none. */
static inline unsigned lane_newline(lane bytes)
{
    return lane_first(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
}

/* The first byte that can't stand as it is inside a JSON string, or begins more than ASCII. */
static inline unsigned lane_special(lane bytes)
{
    /* Bytes from 0x80 on are negative, and so less than a blank as well. */
    lane low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));
    lane quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    lane slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return lane_first(_mm_or_si128(low, _mm_or_si128(quote, slash)));
}

#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>

typedef uint8x16_t lane;

static inline lane lane_load(const char *from)
{
    return vld1q_u8((const uint8_t *)from);
}

static inline void lane_store(char *to, lane bytes)
{
    vst1q_u8((uint8_t *)to, bytes);
}

enum { LANE_BITS = 4 };

static inline uint64_t lane_mask(lane hits)
{
    return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(hits), 4)), 0);
}

static inline unsigned lane_first(lane hits)
{
    uint64_t mask = lane_mask(hits);
    return mask ? (unsigned)__builtin_ctzll(mask) / LANE_BITS : LANE;
}

static inline uint64_t lane_equal(lane bytes, char c)
{
    return lane_mask(vceqq_u8(bytes, vdupq_n_u8((uint8_t)c)));
}

static inline uint64_t lane_upper(lane bytes)
{
    return lane_mask(vcltq_u8(vsubq_u8(bytes, vdupq_n_u8('A')), vdupq_n_u8(26)));
}

static inline unsigned lane_newline(lane bytes)
{
    return lane_first(vceqq_u8(bytes, vdupq_n_u8('\n')));
}

static inline unsigned lane_special(lane bytes)
{
    lane low = vcltq_s8(vreinterpretq_s8_u8(bytes), vdupq_n_s8(' '));
    lane quote = vceqq_u8(bytes, vdupq_n_u8('"'));
    lane slash = vceqq_u8(bytes, vdupq_n_u8('\\'));
    return lane_first(vorrq_u8(low, vorrq_u8(quote, slash)));
}

#else
#include <string.h>

typedef struct { signed char bytes[LANE]; } lane;

static inline lane lane_load(const char *from)
{
    lane loaded;
    memcpy(loaded.bytes, from, LANE);
    return loaded;
}

static inline void lane_store(char *to, lane stored)
{
    memcpy(to, stored.bytes, LANE);
}

enum { LANE_BITS = 1 };

static inline uint64_t lane_equal(lane in, char c)
{
    uint64_t mask = 0;
    for (unsigned i = 0; i < LANE; i++)
        mask |= (uint64_t)(in.bytes[i] == c) << i;
    return mask;
}

static inline uint64_t lane_upper(lane in)
{
    uint64_t mask = 0;
    for (unsigned i = 0; i < LANE; i++)
        mask |= (uint64_t)((unsigned char)(in.bytes[i] - 'A') < 26) << i;
    return mask;
}

static inline unsigned lane_newline(lane in)
{
    unsigned i = 0;
    while (i < LANE && in.bytes[i] != '\n')
        i++;
    return i;
}

static inline unsigned lane_special(lane in)
{
    unsigned i = 0;
    while (i < LANE && in.bytes[i] >= ' ' && in.bytes[i] != '"' && in.bytes[i] != '\\')
        i++;
    return i;
}
#endif

/* Where the next newline is, or `end`. */
static inline const char *scan_newline(const char *at, const char *end)
{
    for (; at < end; at += LANE) {
        unsigned i = lane_newline(lane_load(at));
        if (i < LANE)
            return at + i < end ? at + i : end;
    }
    return end;
}

/* For short pieces: copies whole lanes, and says where the bytes that were meant end. */
static inline char *lane_copy(char *to, const char *from, size_t length)
{
    for (size_t i = 0; i < length; i += LANE)
        lane_store(to + i, lane_load(from + i));
    return to + length;
}

static inline size_t count_newlines(const char *at, const char *end)
{
    size_t count = 0;
    while ((at = scan_newline(at, end)) < end) {
        count++;
        at++;
    }
    return count;
}

#endif
