"""The booking's state machine: one table, and the question whether a verb's arrow allows a step."""

from django.db.models import TextChoices


class Status(TextChoices):
    DRAFT = "DRAFT", "Draft"
    PENDING_PAYMENT = "PENDING_PAYMENT", "Awaiting payment"
    PENDING_APPROVAL = "PENDING_APPROVAL", "Awaiting the host"
    CONFIRMED = "CONFIRMED", "Confirmed"
    DECLINED = "DECLINED", "Declined"
    CANCELLED = "CANCELLED", "Cancelled"
    EXPIRED = "EXPIRED", "Expired"
    COMPLETED = "COMPLETED", "Completed"


S = Status

# verb: (from, to). A verb whose `to` holds its `from` may leave the status as it is.
ARROWS: dict[str, tuple[frozenset[Status], frozenset[Status]]] = {
    "submit": (frozenset({S.DRAFT}), frozenset({S.PENDING_PAYMENT, S.PENDING_APPROVAL, S.CONFIRMED})),
    "authorize": (frozenset({S.PENDING_PAYMENT}), frozenset({S.PENDING_APPROVAL, S.CONFIRMED})),
    "approve": (
        frozenset({S.PENDING_APPROVAL}),
        frozenset({S.PENDING_APPROVAL, S.PENDING_PAYMENT, S.CONFIRMED}),
    ),
    "confirm": (frozenset({S.PENDING_PAYMENT, S.PENDING_APPROVAL}), frozenset({S.CONFIRMED})),
    "capture_failed": (frozenset({S.PENDING_APPROVAL}), frozenset({S.PENDING_PAYMENT})),
    "decline": (frozenset({S.PENDING_APPROVAL}), frozenset({S.DECLINED})),
    "expire": (frozenset({S.PENDING_PAYMENT, S.PENDING_APPROVAL}), frozenset({S.EXPIRED})),
    "cancel": (frozenset({S.PENDING_PAYMENT, S.PENDING_APPROVAL, S.CONFIRMED}), frozenset({S.CANCELLED})),
    "reschedule": (frozenset({S.CONFIRMED}), frozenset({S.CONFIRMED})),
    "adjust": (
        frozenset({S.CONFIRMED, S.COMPLETED, S.CANCELLED}),
        frozenset({S.CONFIRMED, S.COMPLETED, S.CANCELLED}),
    ),
    "complete": (frozenset({S.CONFIRMED}), frozenset({S.COMPLETED})),
}

# Events that tell people something without changing the status; see services.announce.
NOTICES = frozenset(
    {
        "payment_available", "payment_late", "payment_released", "payment_refused",
        "dispute_opened", "dispute_escalated", "dispute_answered", "dispute_won", "dispute_lost", "dispute_closed",
        "external_refund", "external_capture", "external_cancel",
        "refund_confirmed", "refund_failed", "refund_solved", "credit_given", "credit_used", "credit_ended",
        "paid_offline",
        "link_sent", "new_link",
        "remind_guest", "remind_host_half", "remind_host_soon",
    }
)  # fmt: skip

# These keep the room's time taken.
BLOCKING = frozenset({S.PENDING_PAYMENT, S.PENDING_APPROVAL, S.CONFIRMED, S.COMPLETED})
# Nothing more will happen to these but money going back.
DEAD = frozenset({S.DECLINED, S.CANCELLED, S.EXPIRED})


def allows(verb: str, status: str) -> bool:
    """Return whether `verb` may start from `status`."""
    return status in ARROWS[verb][0]
