"""Octo's callbacks on their way in: whose they are, whether they are genuine, and whether they contradict us."""

import structlog

from payments.models import Payment, PaymentOperation, Provider
from payments.providers.base import Misconfigured
from payments.providers.octo.callbacks import Callback, contradiction, is_genuine, read_callback, recall
from payments.providers.registry import octo_account
from payments.settling.local_record import known_of

log = structlog.get_logger(__name__)


def genuine_callback(body: bytes) -> Callback | None:
    """Return what a callback says if the key of its payment's account signed it; of others only a log line stays."""
    callback = read_callback(body)
    payment = payment_of(callback.transaction_id) if callback else None
    if callback is None:
        reason = "not a callback"
    elif payment is None:
        reason = "no such payment"
    elif not _is_signed(callback, payment):
        reason = "signature"
    else:
        return callback
    log.warning("webhook_refused", provider="octo", reason=reason)
    return None


def payment_of(transaction_id: str) -> Payment | None:
    """Find a payment by the key of the call that opened its page: it is known before the call is answered."""
    operation = PaymentOperation.objects.filter(
        key=transaction_id, kind=PaymentOperation.Kind.CHECKOUT, payment__provider=Provider.OCTO
    ).select_related("payment__booking", "payment__account")
    found = operation.first()
    return found.payment if found else None


def contradiction_of(payload: dict, payment: Payment) -> str:
    """Return what a stored callback says otherwise than our payment; empty for nothing."""
    known = known_of(payment)
    amounts = {payment.amount_minor, payment.captured_minor, known.capture_minor if known else 0} - {0}
    return contradiction(
        recall(payload),
        session_ref=payment.session_ref,
        provider_ref=payment.provider_ref,
        currency=payment.currency,
        amounts_minor=amounts,
    )


def _is_signed(callback: Callback, payment: Payment) -> bool:
    try:
        return is_genuine(callback, octo_account(payment.account, is_test=not payment.is_live))
    except Misconfigured:
        log.error("octo_account_without_keys", payment=payment.pk)
        return False
