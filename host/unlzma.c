/*
 * A decoder of raw LZMA, after the public description of the format (LZMA
 * specification, I. Pavlov): a range coder of adaptive bits, and on top of it
 * literals, matches and repeats of the last four distances. The whole output
 * is the dictionary, so a copy needs no window of its own.
 */
#include <errno.h>
#include <stdbool.h>

#include "unlzma.h"

enum { BITS_OF_MODEL = 11, MOVE = 5, HALF = 1 << (BITS_OF_MODEL - 1), STATES = 12 };
enum { LITERAL_CONTEXT = 3, LITERAL = 0x300, LENGTH_MIN = 2 };
enum { SLOTS = 64, SLOT_OF_MODEL_END = 14, ALIGN_BITS = 4, DISTANCE_MODELS = 115 };

/* The probabilities of a length. */
enum { CHOICE, CHOICE_2, LOW, MIDDLE = LOW + 8, HIGH = MIDDLE + 8, LENGTH = HIGH + 256 };

/* Where each kind of probability begins in the room. */
enum {
    IS_MATCH,
    IS_REPEAT = IS_MATCH + STATES,
    IS_LATER_0 = IS_REPEAT + STATES,
    IS_LATER_1 = IS_LATER_0 + STATES,
    IS_LATER_2 = IS_LATER_1 + STATES,
    IS_LONG_0 = IS_LATER_2 + STATES,
    SLOT = IS_LONG_0 + STATES,
    SPECIAL = SLOT + 4 * SLOTS,
    ALIGN = SPECIAL + DISTANCE_MODELS,
    LENGTHS = ALIGN + (1 << ALIGN_BITS),
    REPEAT_LENGTHS = LENGTHS + LENGTH,
    LITERALS = REPEAT_LENGTHS + LENGTH,
};

_Static_assert(LITERALS + (LITERAL << LITERAL_CONTEXT) == UNLZMA_ROOM, "the room is what is used");

struct decoder {
    const uint8_t *in, *in_end;
    uint8_t *out;
    size_t at, length;
    uint16_t *room;
    uint32_t range, code;
    /* Distances less one, the last first. */
    uint32_t distances[4];
    uint32_t state;
    /* More was asked for than there is; what is read from then on is zeros. */
    bool short_of_input;
};

static uint8_t next_byte(struct decoder *d)
{
    if (d->in < d->in_end)
        return *d->in++;
    d->short_of_input = true;
    return 0;
}

static void normalize(struct decoder *d)
{
    if (d->range < (uint32_t)1 << 24) {
        d->range <<= 8;
        d->code = d->code << 8 | next_byte(d);
    }
}

static uint32_t bit(struct decoder *d, uint16_t *probability)
{
    normalize(d);
    uint32_t bound = (d->range >> BITS_OF_MODEL) * *probability;
    if (d->code < bound) {
        d->range = bound;
        *probability = (uint16_t)(*probability + (((1 << BITS_OF_MODEL) - *probability) >> MOVE));
        return 0;
    }
    d->range -= bound;
    d->code -= bound;
    *probability = (uint16_t)(*probability - (*probability >> MOVE));
    return 1;
}

static uint32_t direct_bits(struct decoder *d, uint32_t count)
{
    uint32_t value = 0;
    while (count--) {
        normalize(d);
        d->range >>= 1;
        uint32_t one = d->code >= d->range;
        d->code -= one ? d->range : 0;
        value = value << 1 | one;
    }
    return value;
}

/* The highest bit first. */
static uint32_t tree(struct decoder *d, uint16_t *models, uint32_t count)
{
    uint32_t node = 1;
    for (uint32_t i = 0; i < count; i++)
        node = node << 1 | bit(d, &models[node]);
    return node - ((uint32_t)1 << count);
}

/* The lowest bit first. */
static uint32_t reverse_tree(struct decoder *d, uint16_t *models, uint32_t count)
{
    uint32_t node = 1, value = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t one = bit(d, &models[node]);
        node = node << 1 | one;
        value |= one << i;
    }
    return value;
}

/* Length less LENGTH_MIN. The trees of eight start at their node 1, so entry 0 of each is spare. */
static uint32_t read_length(struct decoder *d, uint16_t *models)
{
    if (!bit(d, &models[CHOICE]))
        return tree(d, &models[LOW], 3);
    if (!bit(d, &models[CHOICE_2]))
        return 8 + tree(d, &models[MIDDLE], 3);
    return 16 + tree(d, &models[HIGH], 8);
}

/* Distance less one; all ones: the end marker. */
static uint32_t read_distance(struct decoder *d, uint32_t length)
{
    uint32_t kind = length < 3 ? length : 3;
    uint32_t slot = tree(d, &d->room[SLOT + kind * SLOTS], 6);
    if (slot < 4)
        return slot;
    uint32_t count = (slot >> 1) - 1;
    uint32_t base = (2 | (slot & 1)) << count;
    if (slot < SLOT_OF_MODEL_END)
        return base + reverse_tree(d, &d->room[SPECIAL + base - slot], count);
    base += direct_bits(d, count - ALIGN_BITS) << ALIGN_BITS;
    return base + reverse_tree(d, &d->room[ALIGN], ALIGN_BITS);
}

static bool copy(struct decoder *d, uint32_t length)
{
    size_t back = (size_t)d->distances[0] + 1;
    if (back > d->at || length > d->length - d->at)
        return false;
    for (; length; length--, d->at++)
        d->out[d->at] = d->out[d->at - back];
    return true;
}

static bool literal(struct decoder *d)
{
    if (d->at == d->length)
        return false;
    uint32_t before = d->at ? d->out[d->at - 1] : 0;
    uint16_t *models = &d->room[LITERALS + (before >> (8 - LITERAL_CONTEXT)) * LITERAL];
    uint32_t node = 1;
    if (d->state >= 7) {
        size_t back = (size_t)d->distances[0] + 1;
        if (back > d->at)
            return false;
        /* After a match it differs from the byte that would have gone on with it. */
        uint32_t expected = d->out[d->at - back];
        while (node < 0x100) {
            uint32_t hint = expected >> 7 & 1;
            expected <<= 1;
            uint32_t one = bit(d, &models[((1 + hint) << 8) + node]);
            node = node << 1 | one;
            if (hint != one)
                break;
        }
    }
    while (node < 0x100)
        node = node << 1 | bit(d, &models[node]);
    d->out[d->at++] = (uint8_t)node;
    d->state = d->state < 4 ? 0 : d->state < 10 ? d->state - 3 : d->state - 6;
    return true;
}

/* Brings the one of the last four distances that is meant to the front. */
static void choose_repeat(struct decoder *d)
{
    uint32_t *last = d->distances;
    uint32_t which = 1;
    if (bit(d, &d->room[IS_LATER_1 + d->state]))
        which = 2 + bit(d, &d->room[IS_LATER_2 + d->state]);
    uint32_t distance = last[which];
    for (; which; which--)
        last[which] = last[which - 1];
    last[0] = distance;
}

static bool repeat(struct decoder *d)
{
    uint32_t after_literal = d->state < 7;
    if (bit(d, &d->room[IS_LATER_0 + d->state])) {
        choose_repeat(d);
    } else if (!bit(d, &d->room[IS_LONG_0 + d->state])) {
        d->state = after_literal ? 9 : 11;
        return copy(d, 1);
    }
    uint32_t length = read_length(d, &d->room[REPEAT_LENGTHS]) + LENGTH_MIN;
    d->state = after_literal ? 8 : 11;
    return copy(d, length);
}

/* Ends with true at the end marker. */
static bool decode(struct decoder *d)
{
    while (!d->short_of_input) {
        if (!bit(d, &d->room[IS_MATCH + d->state])) {
            if (!literal(d))
                return false;
        } else if (bit(d, &d->room[IS_REPEAT + d->state])) {
            if (!repeat(d))
                return false;
        } else {
            uint32_t *last = d->distances;
            uint32_t length = read_length(d, &d->room[LENGTHS]);
            for (int i = 3; i; i--)
                last[i] = last[i - 1];
            d->state = d->state < 7 ? 7 : 10;
            last[0] = read_distance(d, length);
            if (last[0] == UINT32_MAX)
                return true;
            if (!copy(d, length + LENGTH_MIN))
                return false;
        }
    }
    return false;
}

int unlzma(uint8_t *out, size_t out_length, const uint8_t *in, size_t in_length, uint16_t *room)
{
    struct decoder d = {.in = in, .in_end = in + in_length, .out = out, .length = out_length,
                        .room = room, .range = UINT32_MAX};
    for (size_t i = 0; i < UNLZMA_ROOM; i++)
        room[i] = HALF;
    if (next_byte(&d) != 0)
        return -EILSEQ;
    for (int i = 0; i < 4; i++)
        d.code = d.code << 8 | next_byte(&d);
    bool ended = decode(&d);
    normalize(&d);
    bool whole = ended && !d.short_of_input && d.at == out_length && d.in == d.in_end && d.code == 0;
    return whole ? 0 : -EILSEQ;
}
