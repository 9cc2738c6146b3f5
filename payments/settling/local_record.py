"""What our own books say of a payment, for a provider whose answers leave that out."""

from payments.models import Payment, PaymentOperation, Provider, Refund
from payments.providers.base import Known, KnownRefund

Kind, OpState = PaymentOperation.Kind, PaymentOperation.State


def known_of(payment: Payment) -> Known | None:
    """Return what a look at a payment, or a call for it, needs to know of it (two queries).

    Refunds come in the order in which they were begun: each as the provider's answer was recorded, or, while none
    was, as it was asked for. None for providers that tell everything themselves.
    """
    if payment.provider != Provider.OCTO:
        return None
    calls = list(
        payment.operations.filter(kind__in=(Kind.CAPTURE, Kind.REFUND)).exclude(state=OpState.REFUSED)
    )
    captures = [call.params["amount_minor"] for call in calls if call.kind == Kind.CAPTURE]
    return Known(
        session_ref=payment.session_ref,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        is_two_stage=payment.is_two_stage,
        held_since=payment.authorized_at,
        unpaid_at=None if payment.authorized_at else payment.synced_at or payment.created_at,
        capture_minor=captures[-1] if captures else 0,
        refunds=tuple(_refunds(payment, [call for call in calls if call.kind == Kind.REFUND])),
    )


def _refunds(payment: Payment, calls: list[PaymentOperation]) -> list[KnownRefund]:
    rows = list(payment.refunds.filter(channel=Refund.Channel.PROVIDER).select_related("operation"))
    recorded = {row.operation_id for row in rows}
    found = [
        (
            row.operation.created_at if row.operation else row.created_at,
            KnownRefund(
                key=row.operation.key if row.operation else "",
                amount_minor=row.amount_minor,
                ref=row.provider_ref,
                status=row.status,
            ),
        )
        for row in rows
    ]
    found += [
        (
            call.created_at,
            KnownRefund(
                key=call.key,
                amount_minor=call.params["amount_minor"],
                is_unfinished=call.state != OpState.DONE,
            ),
        )
        for call in calls
        if call.pk not in recorded
    ]
    return [refund for _, refund in sorted(found, key=lambda pair: pair[0])]
