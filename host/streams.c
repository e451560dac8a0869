/* Answers of many lines: output that was kept and that comes, and the journal. */
#include "clients.h"
#include "control.h"
#include "host.h"
#include "journal.h"
#include "rings.h"

/* More that is unread by one who follows is lost to him. */
enum { FOLLOW_MAX = 1 << 18 };

static void put_piece(void *opaque, uint32_t process, int which, const char *bytes, size_t length)
{
    struct queue *out = opaque;
    queue_format(out, "{\"process\":\"%s\",\"stream\":\"%s\",\"text\":\"",
                 host.children[process].name, which == 2 ? "stderr" : "stdout");
    queue_escaped(out, bytes, length);
    queue_text(out, "\"}\n");
}

void control_logs(uint32_t id, uint32_t process, bool follow)
{
    struct client *client = client_asking(id);
    const char *comma = "";
    if (!client)
        return;
    client_begin(client);
    rings_each(process, put_piece, &client->out);
    queue_text(&client->out, "{\"answer\":\"logs\",\"inherited\":[");
    for (uint32_t i = 0; i < host.children_count; i++) {
        if ((process != CONTROL_ALL && i != process) || host.children[i].logs.kind != FORM_RAW ||
            rings_has(i))
            continue;
        queue_format(&client->out, "%s\"%s\"", comma, host.children[i].name);
        comma = ",";
    }
    queue_text(&client->out, "]}\n");
    if (follow) {
        client->state = FOLLOWING;
        client->until_ms = -1;
        client->follows = process;
        followers++;
    }
    client_tell(client);
}

static void put_line(void *opaque, const char *line, size_t length)
{
    queue_put(opaque, line, length);
    queue_text(opaque, "\n");
}

void control_journal(uint32_t id)
{
    struct client *client = client_asking(id);
    if (!client)
        return;
    client_begin(client);
    journal_each(put_line, &client->out);
    queue_text(&client->out, "{\"answer\":\"journal\"}\n");
    client_tell(client);
}

void control_heard(uint32_t process, int which, const char *bytes, size_t length)
{
    rings_put(process, which, bytes, length);
    for (int i = 0; i < CLIENTS_MAX && followers; i++) {
        struct client *client = &clients[i];
        if (client->state != FOLLOWING ||
            (client->follows != CONTROL_ALL && client->follows != process))
            continue;
        if (queue_left(&client->out) > FOLLOW_MAX) {
            client->lost += length;
            continue;
        }
        if (client->lost)
            queue_format(&client->out, "{\"lost\":%llu}\n", (unsigned long long)client->lost);
        client->lost = 0;
        put_piece(&client->out, process, which, bytes, length);
        client_tell(client);
    }
}
