"""What production settings refuse: secrets that are missing, and addresses that are nobody's outside this machine."""

import ipaddress
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

# Names that mean this machine or its own network, whatever a resolver says.
LOCAL_NAMES = ("localhost", "host.docker.internal")
LOCAL_ENDINGS = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
ONLY_REHEARSALS = (
    "ALLOW_LOCAL_ADDRESSES is for rehearsals with test money: these are live keys, or none that say test"
)


def refuse_unsafe(
    *,
    addresses: Mapping[str, str],
    hosts: Mapping[str, str],
    needed: Mapping[str, bool],
    may_be_local: bool,
    is_live: bool,
) -> None:
    """Refuse to start unsafely.

    `addresses` and `hosts` are by setting, empty ones are the provider's own; `needed` says of each setting whether it
    is there. `may_be_local` admits this machine and plain HTTP, never with live keys.

    Raises: ImproperlyConfigured, naming every fault.
    """
    faults = [f"{name} must be set" for name, is_there in needed.items() if not is_there]
    if may_be_local and is_live:
        faults.append(ONLY_REHEARSALS)
    elif not may_be_local:
        faults += [
            fault for name, url in addresses.items() if url and (fault := _fault_of_address(name, url))
        ]
        faults += [
            f"{name} names this machine or its own network" for name, host in hosts.items() if is_local(host)
        ]
    if faults:
        raise ImproperlyConfigured("; ".join(faults))


def is_local(host: str) -> bool:
    """Return whether a host is this machine or a private network; an empty one is none."""
    name = host.strip("[]").rstrip(".").lower()
    if not name:
        return False
    address = _ip(name)
    if address is not None:
        return not address.is_global
    # A name without a dot is one of this network.
    return name in LOCAL_NAMES or "." not in name or name.endswith(LOCAL_ENDINGS)


def _ip(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address a name is, also in the shorter ways resolvers take (127.1, 0x7f000001)."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(name))
        except OSError:
            return None
    return getattr(address, "ipv4_mapped", None) or address


def _fault_of_address(name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return f"{name} is no address"
    if parts.scheme != "https" or not host:
        return f"{name} must begin with https://"
    return f"{name} names this machine or its own network" if is_local(host) else ""
