"""What time does by itself: pages end, holds lapse, callbacks repeat, refunds settle; each at its moment."""

import heapq
from collections.abc import Callable

from sandbox.octo import callbacks, holds, prepare, refunds
from sandbox.octo.gateway import Gateway


def lapse(gateway: Gateway, uuid: str) -> None:
    """Nobody decided in time."""
    payment = gateway.payments[uuid]
    if payment.status == "waiting_for_capture":
        holds.release(gateway, payment, "lapse")
        callbacks.notify(gateway, payment)


WHAT: dict[str, Callable[[Gateway, str], None]] = {
    "expire": prepare.expire,
    "lapse": lapse,
    "repeat": callbacks.repeat,
    "refund": refunds.complete,
}


def fire(gateway: Gateway) -> bool:
    """Do all that is due by now, in order of time; True if anything was."""
    now = gateway.clock.now()
    fired = False
    while gateway.timers and gateway.timers[0][0] <= now:
        moment, _, what, ref = heapq.heappop(gateway.timers)
        gateway.moment = moment
        try:
            WHAT[what](gateway, ref)
        finally:
            gateway.moment = None
        fired = True
    return fired
