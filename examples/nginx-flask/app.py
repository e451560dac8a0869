"""A small page. nginx serves /static/ beside it; this app never sees those requests."""

import os
import time
from html import escape

from flask import Flask, Response, request

app = Flask(__name__, static_folder=None)
started = time.time()
LONGEST_MS = 30_000

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Two on one frame</title>
<link rel="stylesheet" href="/static/style.css">
</head>
<body>
<main>
<img src="/static/tandem.svg" alt="A bicycle for two" width="560" height="300">
<h1>Two on one frame</h1>
<p>nginx served the picture and the style from disk.
This page came from Flask, process {pid}, up for {up:.1f} seconds.</p>
<dl>
<dt>Host</dt><dd>{host}</dd>
<dt>Scheme</dt><dd>{scheme}</dd>
<dt>Forwarded for</dt><dd>{forwarded}</dd>
</dl>
<p><a href="/slow?ms=2000">A slow answer</a> takes two seconds, and arrives even if the
container is told to stop meanwhile.</p>
</main>
</body>
</html>
"""


@app.get("/")
def page():
    return PAGE.format(
        pid=os.getpid(),
        up=time.time() - started,
        host=escape(request.headers.get("Host", "")),
        scheme=escape(request.headers.get("X-Forwarded-Proto", "http")),
        forwarded=escape(request.headers.get("X-Forwarded-For", "nobody")),
    )


@app.get("/slow")
def slow():
    ms = min(max(request.args.get("ms", 1000, int), 0), LONGEST_MS)
    time.sleep(ms / 1000)
    return Response(f"answered after {ms} ms\n", mimetype="text/plain")


@app.get("/health")
def health():
    return Response("ok\n", mimetype="text/plain")
