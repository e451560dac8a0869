/* What is kept of the journal: the start always, the end as far as it fits, and a gap is told. */
#include "../keep.c"

#include "check.h"

static char seen[1 << 20];
static size_t seen_length, seen_lines;

static void take(void *opaque, const char *line, size_t length)
{
    (void)opaque;
    memcpy(seen + seen_length, line, length);
    seen_length += length;
    seen[seen_length++] = '\n';
    seen[seen_length] = '\0';
    seen_lines++;
}

static void look(void)
{
    seen_length = seen_lines = 0;
    keep_each(take, NULL);
}

int main(void)
{
    keep_line("before", 6);
    look();
    claim(seen_lines == 0, "nothing is kept before it is wanted");
    keep_open(2);
    keep_line("head", 4);
    for (int i = 0; i < 100000; i++) {
        char line[64];
        int n = snprintf(line, sizeof line, "line %d", i);
        keep_line(line, (size_t)n);
    }
    look();
    claim(strncmp(seen, "head\nline 0\nline 1\n", 19) == 0, "the head comes first");
    claim(strstr(seen, "line 99999\n") != NULL, "the last line is there");
    claim(strstr(seen, "\n{\"lost\":") != NULL, "the gap is told");
    unsigned long long gap = strtoull(strstr(seen, "{\"lost\":") + 8, NULL, 10);
    claim(gap + seen_lines - 2 == 100000, "nothing is counted twice, and nothing is forgotten");
    claim(begin.bytes + ring.bytes <= begin.most + ring.most, "it is bounded");
    static char huge[1 << 17];
    memset(huge, 'x', sizeof huge);
    keep_line(huge, sizeof huge);
    look();
    claim(strstr(seen, "xx") == NULL, "a line that is too long is lost alone");
    return verdict();
}
