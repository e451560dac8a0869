/*
 * Bytes to text and back. Linux hands over bytes; what is no UTF-8 in them
 * becomes lone surrogates U+DC80 to U+DCFF and comes back as it was.
 */
#ifndef TANDEM_TEXT_H
#define TANDEM_TEXT_H

#include "quickjs.h"

JSValue text_in(JSContext *context, const char *bytes);
/* The length of the well-formed UTF-8 sequence that begins `left` bytes, or 0. */
size_t text_sequence(const unsigned char *at, size_t left);
/* Undoes the escape in place; the new length. */
size_t text_unescape(char *bytes, size_t length);
/* The bytes of a value's text, to be freed. NULL: no memory, or an exception is pending. */
char *text_out(JSContext *context, JSValueConst value);

#endif
