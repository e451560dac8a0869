/* What stands where a program should be, and which other name is near. */
#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "examine.h"
#include "run.h"

enum { HEAD_BYTES = 4096, NAME_MAX_BYTES = 48 };

#if defined(__x86_64__)
enum { OWN_MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
enum { OWN_MACHINE = EM_AARCH64 };
#elif defined(__riscv)
enum { OWN_MACHINE = EM_RISCV };
#else
enum { OWN_MACHINE = EM_NONE };
#endif

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Characters put in, left out, changed, or two neighbours that changed places. */
static int distance(const char *a, const char *b)
{
    int rows[3][NAME_MAX_BYTES + 1];
    int m = (int)strlen(a), n = (int)strlen(b);
    if (m > NAME_MAX_BYTES || n > NAME_MAX_BYTES)
        return NAME_MAX_BYTES;
    for (int j = 0; j <= n; j++)
        rows[0][j] = j;
    for (int i = 1; i <= m; i++) {
        int *row = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return rows[m % 3][n];
}

static void find_nearest(const char *dirs, struct program *program)
{
    int best = 1 + least(3, (int)strlen(program->name) / 3);
    for (const char *at = dirs; *at; at += *at ? 1 : 0) {
        size_t length = strcspn(at, ":");
        char path[4096];
        snprintf(path, sizeof path, "%.*s", (int)length, at);
        DIR *dir = opendir(length ? path : ".");
        for (struct dirent *entry; dir && (entry = readdir(dir));) {
            int far = distance(program->name, entry->d_name);
            if (far >= best || faccessat(dirfd(dir), entry->d_name, X_OK, 0))
                continue;
            best = far;
            snprintf(program->nearest, sizeof program->nearest, "%s", entry->d_name);
        }
        if (dir)
            closedir(dir);
        at += length;
    }
}

static void look_at_script(const char *head, size_t length, struct program *program)
{
    const char *end = head + length, *at = head + 2;
    size_t size = 0;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    while (at + size < end && at[size] != '\n' && at[size] != ' ' && at[size] != '\t')
        size++;
    program->kind = PROGRAM_SCRIPT;
    snprintf(program->interpreter, sizeof program->interpreter, "%.*s", (int)size, at);
}

/* PT_INTERP of a 64-bit executable, where it stands in the first page as linkers put it. */
static void look_at_elf(const char *head, size_t length, struct program *program)
{
    Elf64_Ehdr header;
    program->kind = PROGRAM_ELF;
    if (length < sizeof header)
        return;
    memcpy(&header, head, sizeof header);
    program->machine = header.e_machine;
    for (size_t i = 0; header.e_ident[EI_CLASS] == ELFCLASS64 && i < header.e_phnum; i++) {
        Elf64_Phdr part;
        size_t at = header.e_phoff + i * sizeof part;
        if (header.e_phoff > length || at + sizeof part > length)
            return;
        memcpy(&part, head + at, sizeof part);
        if (part.p_type != PT_INTERP || part.p_offset >= length ||
            part.p_filesz > length - part.p_offset)
            continue;
        snprintf(program->interpreter, sizeof program->interpreter, "%.*s", (int)part.p_filesz,
                 head + part.p_offset);
    }
}

void program_look(const char *name, const char *dirs, const char *cwd, struct program *program)
{
    char path[4096], whole[4096], head[HEAD_BYTES];
    struct stat st;
    program->own_machine = OWN_MACHINE;
    int r = find_program(name, dirs, path, sizeof path);
    if (r == -ENOENT) {
        find_nearest(dirs, program);
        return;
    }
    bool below = cwd && *path != '/';
    if (snprintf(whole, sizeof whole, "%s%s%s", below ? cwd : "", below ? "/" : "", path) >=
        (int)sizeof whole || stat(whole, &st))
        return;
    program->executable = st.st_mode & 0111;
    program->kind = S_ISDIR(st.st_mode) ? PROGRAM_FOLDER : PROGRAM_OTHER;
    int fd = S_ISREG(st.st_mode) ? open(whole, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof head);
    if (fd >= 0)
        close(fd);
    if (n > 2 && head[0] == '#' && head[1] == '!')
        look_at_script(head, (size_t)n, program);
    else if (n > 4 && memcmp(head, ELFMAG, SELFMAG) == 0)
        look_at_elf(head, (size_t)n, program);
    program->interpreter_there = *program->interpreter && access(program->interpreter, F_OK) == 0;
}
