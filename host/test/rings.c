/*
 * Goal: the last output is kept, in its order, in no more memory than was said.
 * Method: what is read back is compared with all that was written, for pieces of every length.
 */
#include <stdint.h>
#include <stdio.h>

#include "../rings.c"
#include "check.h"

enum { PROCESSES = 3, ALL = 1 << 20 };

static char written[PROCESSES][ALL], got[PROCESSES][ALL];
static size_t written_length[PROCESSES], got_length[PROCESSES];
static uint32_t order[ALL];
static int disorder, order_count;

static void take(void *opaque, uint32_t process, int which, const char *bytes, size_t length)
{
    uint32_t number;
    (void)opaque;
    memcpy(got[process] + got_length[process], bytes, length);
    got_length[process] += length;
    /* Each piece begins with its number; one that was cut has lost it. */
    if (which == 1 && length >= 8) {
        memcpy(&number, bytes, 4);
        disorder += order_count && number <= order[order_count - 1];
        order[order_count++] = number;
    }
}

static int is_a_tail(int process)
{
    size_t length = got_length[process];
    return length && length <= written_length[process] &&
           memcmp(got[process], written[process] + written_length[process] - length, length) == 0;
}

static void read_all(uint32_t process)
{
    memset(got_length, 0, sizeof got_length);
    order_count = 0;
    rings_each(process, take, NULL);
}

int main(void)
{
    uint32_t seed = 7;
    int tails = 1, bounded = 1;
    rings_open(PROCESSES, 1 << 16);
    claim(ring_size * PROCESSES <= 1 << 16, "all rings together are as large as was said");
    claim(!rings_has(0), "nothing is kept of one that said nothing");
    for (uint32_t i = 1; i < 2000; i++) {
        char piece[1500];
        uint32_t process = next_random(&seed) % PROCESSES;
        size_t length = 8 + next_random(&seed) % (sizeof piece - 8);
        if (written_length[process] + length > ALL)
            break;
        memcpy(piece, &i, 4);
        for (size_t at = 4; at < length; at++)
            piece[at] = (char)next_random(&seed);
        rings_put(process, 1, piece, length);
        memcpy(written[process] + written_length[process], piece, length);
        written_length[process] += length;
        if (i % 50 == 0) {
            read_all(UINT32_MAX);
            for (int p = 0; p < PROCESSES; p++) {
                tails &= got_length[p] == 0 || is_a_tail(p);
                bounded &= got_length[p] <= ring_size;
            }
        }
    }
    claim(tails, "what is kept of each process is the end of what it wrote");
    claim(bounded, "no ring holds more than its size");
    claim(disorder == 0, "pieces of all come in the order in which they were written");
    read_all(1);
    claim(!got_length[0] && got_length[1] && !got_length[2], "one process alone can be asked for");
    rings_put(2, 2, written[0], 60000);
    read_all(2);
    claim(got_length[2] && got_length[2] <= ring_size, "a piece larger than the ring leaves its end");
    rings_put(99, 1, "x", 1);
    claim(!rings_has(99), "one that does not exist keeps nothing");
    return verdict();
}
