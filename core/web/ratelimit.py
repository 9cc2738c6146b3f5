"""Counts how often somebody does something; without Redis nothing is counted and everything is let through."""

import hashlib
import ipaddress
import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest


def hit(scope: str, who: str, *, limit: int, seconds: int) -> int:
    """Count one more `scope` of `who` in the present window; return how many seconds to wait, 0 when allowed.

    A limit of 0 means none. Windows are fixed, so twice the limit may pass around the turn of one.
    """
    if limit <= 0:
        return 0
    window, spent = divmod(int(time.time()), seconds)
    key = f"limit:{scope}:{window}:{hashlib.sha256(who.encode(errors='replace')).hexdigest()[:32]}"
    return seconds - spent if _count(key, seconds) > limit else 0


def _count(key: str, seconds: int) -> int:
    if cache.add(key, 1, seconds):  # nearly always: few people do the same thing twice in a window
        return 1
    try:
        return cache.incr(key)
    except ValueError:  # forgotten this very moment
        return 1


def client_ip(request: HttpRequest) -> str:
    """Return the address of the peer that no proxy of ours vouches for; an IPv6 address as its /64 network.

    `X-Forwarded-For` is believed only as far as settings.ALLAUTH_TRUSTED_PROXY_COUNT proxies wrote it.
    """
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    peer = hops[-proxies] if 0 < proxies <= len(hops) else request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(address) >> 64 << 64))
