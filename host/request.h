/* Where a request ends, in bytes that may be anything. */
#ifndef TANDEM_REQUEST_H
#define TANDEM_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

enum { REQUEST_MAX = 4096, HTTP_HEAD_MAX = 8192 };

struct request {
    bool whole;              /* `in` now begins with its text, ended by NUL */
    bool without_body;       /* the answer is to have none */
    size_t consumed;         /* how many bytes it took */
    const char *refusal;     /* what to say instead: it never becomes one; else NULL */
};

/* A line of the control socket. */
struct request request_line(char *in, size_t length);
/* The head of an HTTP request; its text becomes `METHOD target`. */
struct request request_http(char *in, size_t length);

#endif
