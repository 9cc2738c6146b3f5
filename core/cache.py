"""A Redis cache whose absence reads as a miss, so that pages and logins outlive a lost Redis."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import ParamSpec, TypeVar

import structlog
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

P = ParamSpec("P")
R = TypeVar("R")
Args = Sequence[object]
Kwargs = Mapping[str, object]

log = structlog.get_logger(__name__)

# What each method answers when Redis cannot: nothing found, nothing kept.
WHEN_UNREACHABLE: dict[str, Callable[[Args, Kwargs], object]] = {
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


def _forgiving(kept: Callable[P, R], told: Callable[[Args, Kwargs], R]) -> Callable[P, R]:
    """Return a method of the cache that answers what `told` makes of its arguments when Redis cannot."""

    @wraps(kept)
    def method(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return kept(*args, **kwargs)
        except RedisError as error:
            log.warning("cache_unreachable", method=kept.__name__, error=type(error).__name__)
            return told(args[1:], kwargs)

    return method


ForgivingRedisCache = type(
    "ForgivingRedisCache",
    (RedisCache,),
    {name: _forgiving(getattr(RedisCache, name), told) for name, told in WHEN_UNREACHABLE.items()},
)
