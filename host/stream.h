/* One pipe of a process: what was read of it, and how much of that has gone out. */
#ifndef TANDEM_STREAM_H
#define TANDEM_STREAM_H

#include <stdbool.h>

#include "pump.h"

enum {
    /* A kept line up to this long is put before what is read, and not the other way round. */
    AHEAD_BYTES = 1 << 12,
};

struct stream {
    int fd;
    uint32_t process;
    int which;
    struct form *form;
    /* What was read and has not gone out: a line without its end, or all that a full sink left. */
    char *kept;
    size_t kept_length, kept_room;
    /* The line has gone out up to here, as one of this level. */
    bool continues;
    enum level level;
    /* How long the line has waited for its end; 0: there is none. */
    int64_t partial_since_ms;
    /* Not read while the sink is full, since then; 0: is read. */
    int64_t stuck_since_ms;
    size_t stuck_progress;
    /* Read and thrown away, since nobody takes it; up to the end of a line. */
    bool dropping, dropping_line;
    bool grown;
    uint64_t dropped;
    /* Of stderr only, from its first output. */
    struct tail *tail;
    /* Looked for in the first bytes of each line, until it is found. */
    struct match *match;
};

/* What all streams have together. */
struct pump {
    int epoll_fd;
    uint32_t tag;
    struct stream *streams;
    uint32_t count;
    uint32_t partials, stuck;
    /* Whose turn it is when there is room again. */
    uint32_t turn;
    size_t kept_all;
};

int64_t clock_ms(void);
/* Keeps what has not gone out; where there is no memory it is dropped. */
void stream_keep(struct pump *pump, struct stream *stream, const char *at, const char *end);
void stream_forget(struct pump *pump, struct stream *stream);
void stream_drop(struct stream *stream, const char *at, const char *end);
/* All that is kept is lost. */
void stream_drop_kept(struct pump *pump, struct stream *stream);
/*
 * Puts the whole lines, and with `flush` what follows them, which is all there
 * will be with `last`: the first byte that has not gone out. `*full`: for want
 * of room.
 */
const char *stream_put(struct stream *stream, const char *at, const char *end, bool flush,
                       bool last, bool *full);
/* What is kept goes out as far as it can. True: the sink is full. */
bool stream_put_kept(struct pump *pump, struct stream *stream, bool flush, bool last);
/* Whether a line without its end waits. What a full sink left waits for the sink. */
void stream_set_partial(struct pump *pump, struct stream *stream, bool waits);

#endif
