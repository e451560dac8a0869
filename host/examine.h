/* What can be found out about a run that has just ended, from its last lines and from the kernel. */
#ifndef TANDEM_EXAMINE_H
#define TANDEM_EXAMINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { LISTENS_MAX = 8, PROGRAM_NAME_MAX = 256 };

enum program_kind { PROGRAM_MISSING, PROGRAM_FOLDER, PROGRAM_SCRIPT, PROGRAM_ELF, PROGRAM_OTHER };

struct program {
    char name[PROGRAM_NAME_MAX];
    enum program_kind kind;
    bool executable;
    char interpreter[PROGRAM_NAME_MAX]; /* empty: none is asked for */
    bool interpreter_there;
    int machine, own_machine;           /* e_machine of elf(5) */
    char nearest[PROGRAM_NAME_MAX];     /* empty: none is near */
};

struct found {
    int phrase;              /* -1: none of them */
    int port;                /* 0: none */
    pid_t holder;            /* 0: nobody, or nobody that we may see */
    char holder_name[17];
    int holder_process;      /* -1: none of ours */
    uint16_t listens[LISTENS_MAX];
    int listens_count;
    bool oom_killed;
    int64_t oom_kills;       /* -1: unknown */
    int64_t memory_bytes;    /* -1: unknown, or no limit */
    struct program program;
};

struct question {
    uint32_t process;
    const char *const *phrases;
    int phrases_count, port_phrases;
    int port;                /* 0: none */
    bool sockets, program;
};

/* What changes as soon as anybody is told to end. */
void examine(const struct question *question, struct found *found);
/* What stays. */
void examine_memory(struct found *found);

/* program.c: what stands where the program of that name should be, searched for in `dirs`. */
void program_look(const char *name, const char *dirs, const char *cwd, struct program *program);

/* sockets.c: fills `holder…` and `listens…`; looks at a bounded part of /proc. */
void sockets_look(uint32_t process, struct found *found);

/* oom.c: the kernel's count of kills for lack of memory, as far as a container can see it. */
void oom_open(void);
/* True when a kill was counted that no earlier call has taken for its own. */
bool oom_take(void);
/* Since oom_open; -1: unknown. */
int64_t oom_kills(void);
int64_t oom_limit_bytes(void);

#endif
