/* A server for images that hold nothing else: 200 to whoever connects on PORT, until TERM. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void bye(int signal)
{
    (void)signal;
    _exit(0);
}

int main(void)
{
    const char *port = getenv("PORT");
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(port ? port : "8080"))};

    signal(SIGTERM, bye);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 16)) {
        perror("serve");
        return 1;
    }
    for (;;) {
        char ask[1024];
        int peer = accept(listener, NULL, NULL);
        if (peer < 0)
            continue;
        if (read(peer, ask, sizeof ask) > 0)
            dprintf(peer, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n");
        close(peer);
    }
}
