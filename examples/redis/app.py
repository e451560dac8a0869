"""Who came how often."""

from flask import Flask, jsonify
from redis import Redis

app = Flask(__name__)
redis = Redis(host="127.0.0.1", decode_responses=True)


@app.get("/")
def visits():
    return jsonify({name: int(n) for name, n in redis.zrevrange("visits", 0, -1, withscores=True)})


@app.post("/<name>")
def visit(name):
    return jsonify({name: int(redis.zincrby("visits", 1, name))})
