/* The other end of a control socket: a command that asks a running Tandem. */
#ifndef TANDEM_CLIENT_H
#define TANDEM_CLIENT_H

#include "engine.h"

/* Leads a conversation as `talk` says (policy/live/talk.ts), and ends with its exit code. */
_Noreturn void client_talk(struct engine *engine, JSValueConst talk);

#endif
