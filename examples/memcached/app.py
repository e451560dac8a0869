"""Squares, slowly; what was worked out once comes from memcached."""

import os
import time

from flask import Flask, jsonify
from pymemcache.client.base import PooledClient

app = Flask(__name__)
cache = PooledClient(("127.0.0.1", int(os.environ.get("CACHE_PORT", "11211"))), max_pool_size=8)


@app.get("/square/<int:number>")
def square(number):
    key = f"square-{number}"
    known = cache.get(key)
    if known is not None:
        return jsonify(square=int(known), cache="hit")
    time.sleep(0.1)
    cache.set(key, str(number * number), expire=60)
    return jsonify(square=number * number, cache="miss")
