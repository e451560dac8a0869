/* What the build made, for the tests of what unpacks it. */
#ifndef TANDEM_TEST_BYTES_H
#define TANDEM_TEST_BYTES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct bytes {
    uint8_t *at;
    size_t length;
};

/* `at` is NULL where it can't be read. */
static struct bytes read_whole(const char *path)
{
    struct bytes bytes = {0};
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END))
        return bytes;
    bytes.length = (size_t)ftell(file);
    rewind(file);
    bytes.at = malloc(bytes.length);
    if (!bytes.at || fread(bytes.at, 1, bytes.length, file) != bytes.length)
        bytes.at = NULL;
    fclose(file);
    return bytes;
}

#endif
