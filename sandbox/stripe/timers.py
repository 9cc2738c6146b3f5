"""What time does by itself: lapses, expiries, late settlements; each at the moment it was due."""

import heapq
from collections.abc import Callable

from sandbox.stripe import capture, disputes, payouts, refunds, sessions
from sandbox.stripe.account import Account

WHAT: dict[str, Callable[[Account, str], None]] = {
    "lapse": capture.lapse,
    "announce_charge": capture.announce_charge,
    "settle_charge": capture.settle_charge,
    "expire_session": sessions.run_out,
    "complete_refund": refunds.complete,
    "fail_refund": refunds.fail,
    "reference_refund": refunds.add_reference,
    "dispute_due": disputes.run_out,
    "decide_dispute": disputes.decide,
    "sweep": payouts.sweep,
}


def fire(account: Account) -> bool:
    """Do all that is due by now, in order of time; True if anything was."""
    now = account.clock.now()
    fired = False
    while account.timers and account.timers[0][0] <= now:
        moment, _, what, ref = heapq.heappop(account.timers)
        account.moment = moment
        try:
            WHAT[what](account, ref)
        finally:
            account.moment = None
        fired = True
    return fired
