#include "queue.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "text.h"

static size_t all_room;

void queue_put(struct queue *queue, const char *bytes, size_t length)
{
    size_t needed = queue->length + length;
    if (queue->over)
        return;
    if (needed > queue->room && queue->sent) {
        memmove(queue->bytes, queue->bytes + queue->sent, queue->length - queue->sent);
        queue->length -= queue->sent;
        needed -= queue->sent;
        queue->sent = 0;
    }
    if (needed > queue->room) {
        size_t room = queue->room ? queue->room : 512;
        while (room < needed)
            room *= 2;
        char *grown = needed > QUEUE_MAX || all_room - queue->room + room > QUEUES_MAX
                          ? NULL : realloc(queue->bytes, room);
        if (!grown) {
            queue->over = true;
            return;
        }
        all_room += room - queue->room;
        queue->bytes = grown;
        queue->room = room;
    }
    memcpy(queue->bytes + queue->length, bytes, length);
    queue->length = needed;
}

void queue_text(struct queue *queue, const char *text)
{
    queue_put(queue, text, strlen(text));
}

void queue_format(struct queue *queue, const char *format, ...)
{
    char text[640];
    va_list list;
    va_start(list, format);
    int n = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (n >= 0 && (size_t)n < sizeof text)
        queue_put(queue, text, (size_t)n);
    else
        queue->over = true;
}

void queue_escaped(struct queue *queue, const char *bytes, size_t length)
{
    const unsigned char *at = (const unsigned char *)bytes, *end = at + length;
    while (at < end && !queue->over) {
        const unsigned char *from = at;
        size_t n = 1;
        while (at < end && *at >= 0x20 && *at != '"' && *at != '\\' && *at != 0x7f &&
               (n = text_sequence(at, (size_t)(end - at))) > 0)
            at += n;
        queue_put(queue, (const char *)from, (size_t)(at - from));
        if (at == end)
            return;
        if (n == 0)
            queue_format(queue, "\\udc%02x", *at);
        else if (*at == '\n')
            queue_text(queue, "\\n");
        else if (*at == '"' || *at == '\\')
            queue_format(queue, "\\%c", *at);
        else
            queue_format(queue, "\\u%04x", *at);
        at++;
    }
}

size_t queue_left(const struct queue *queue)
{
    return queue->length - queue->sent;
}

int queue_send(struct queue *queue, int fd)
{
    while (queue_left(queue)) {
        ssize_t n = send(fd, queue->bytes + queue->sent, queue_left(queue), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? 0 : -errno;
        queue->sent += (size_t)n;
    }
    queue_free(queue);
    return 0;
}

void queue_free(struct queue *queue)
{
    all_room -= queue->room;
    free(queue->bytes);
    *queue = (struct queue){.over = queue->over};
}
