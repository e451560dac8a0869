"""/fetch?url=… gets a page of the outside. The app knows no way there but its proxy."""

import os
import signal
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


def fetch(url):
    try:
        # urllib takes the proxy from http_proxy and https_proxy, as curl and most clients do.
        with urllib.request.urlopen(url, timeout=10) as answer:
            return 200, answer.read()
    except urllib.error.HTTPError as error:
        return 502, f"the way out answered {error.code}\n".encode()
    except OSError as error:
        return 502, f"no way out: {error}\n".encode()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = parse_qs(urlsplit(self.path).query).get("url", [""])[0]
        known = url.startswith(("http://", "https://"))
        status, body = fetch(url) if known else (400, b"/fetch?url=http://example.com/\n")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
