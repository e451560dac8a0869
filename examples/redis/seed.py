"""What a preview needs to look like something."""

from redis import Redis

redis = Redis(host="127.0.0.1", decode_responses=True)
redis.zadd("visits", {"Ada": 3, "Grace": 2})
print(f"{redis.zcard('visits')} visitors seeded")
