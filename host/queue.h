/* Bytes for one client, bounded. */
#ifndef TANDEM_QUEUE_H
#define TANDEM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct queue {
    char *bytes;
    size_t length, room, sent;
    /* Something did not fit; the rest of it would make no sense. */
    bool over;
};

/* Of one queue, and of all together. */
enum { QUEUE_MAX = 1 << 20, QUEUES_MAX = 4 << 20 };

void queue_put(struct queue *queue, const char *bytes, size_t length);
void queue_text(struct queue *queue, const char *text);
__attribute__((format(printf, 2, 3)))
void queue_format(struct queue *queue, const char *format, ...);
/* As the inside of a JSON text; bytes that are no UTF-8 become \udc80 to \udcff. */
void queue_escaped(struct queue *queue, const char *bytes, size_t length);
size_t queue_left(const struct queue *queue);
/* Sends what the socket takes: 0, or -errno when it is gone. */
int queue_send(struct queue *queue, int fd);
void queue_free(struct queue *queue);

#endif
