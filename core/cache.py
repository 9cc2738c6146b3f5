"""A Redis cache whose absence reads as a miss, so that pages and logins outlive a lost Redis."""

import structlog
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

# What each method answers when Redis cannot: nothing found, nothing kept.
WHEN_UNREACHABLE = {
    "get": lambda args, kwargs: kwargs.get("default", args[1] if len(args) > 1 else None),
    "get_many": lambda args, kwargs: {},
    "has_key": lambda args, kwargs: False,
    "add": lambda args, kwargs: True,
    "set": lambda args, kwargs: None,
    "set_many": lambda args, kwargs: [],
    "touch": lambda args, kwargs: False,
    "delete": lambda args, kwargs: False,
    "delete_many": lambda args, kwargs: None,
    "incr": lambda args, kwargs: 1,
    "clear": lambda args, kwargs: False,
}


def _forgiving(name: str):
    def method(self, *args, **kwargs):
        try:
            return getattr(RedisCache, name)(self, *args, **kwargs)
        except RedisError as error:
            log.warning("cache_unreachable", method=name, error=type(error).__name__)
            return WHEN_UNREACHABLE[name](args, kwargs)

    method.__name__ = name
    return method


ForgivingRedisCache = type(
    "ForgivingRedisCache", (RedisCache,), {name: _forgiving(name) for name in WHEN_UNREACHABLE}
)
