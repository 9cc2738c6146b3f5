"""Hands ready bank payouts over to the bank: a file, and the payouts in it are under way. Each goes into one file."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings as site
from django.db import transaction

from core import clock
from payments import bank_files
from payments.bank_files import BankAccount, Transfer
from payments.models import PaymentSettings, Payout
from payments.payouts import PayoutError

log = structlog.get_logger(__name__)

XML, CSV = "xml", "csv"
# More than any bank takes in one file.
MOST = 5_000


@dataclass(frozen=True)
class BankFile:
    """A file to download; `message_id` is what its payouts remember."""

    message_id: str
    name: str
    content_type: str
    content: bytes
    count: int


@transaction.atomic
def export(payout_ids: Iterable[int], *, form: str, by: Any) -> BankFile:
    """Write READY bank payouts into a new file and mark them under way; nothing is marked when it cannot be made.

    Raises: PayoutError (none is ready, bank details are missing, our own account is not set).
    """
    rows = Payout.objects.select_for_update(no_key=True).filter(
        pk__in=payout_ids, method=Payout.Method.BANK, status=Payout.Status.READY
    )
    payouts = list(rows.order_by("pk")[:MOST])
    if not payouts:
        raise PayoutError("None of these payouts waits for a bank file.", "nothing_ready")
    now = clock.now()
    message_id = f"RH-{now:%Y%m%d%H%M%S}-{uuid.uuid4().hex[:6]}"
    made = _build(payouts, message_id, now, form)
    Payout.objects.filter(pk__in=[payout.pk for payout in payouts]).update(
        status=Payout.Status.SENDING, sent_at=now, provider_ref=message_id
    )
    log.info("payouts_exported", message_id=message_id, payouts=len(payouts), by=by.pk if by else None)
    return made


def again(message_id: str, *, form: str) -> BankFile:
    """Return a file made before once more, with the same message id: the bank takes it for the same.

    Raises: PayoutError when there is none, or details are missing by now.
    """
    payouts = list(Payout.objects.filter(provider_ref=message_id, method=Payout.Method.BANK).order_by("pk"))
    if not payouts:
        raise PayoutError("There is no such file.", "no_such_file")
    return _build(payouts, message_id, payouts[0].sent_at, form)


def _build(payouts: Sequence[Payout], message_id: str, made_at: dt.datetime, form: str) -> BankFile:
    transfers = _transfers(payouts)
    if form == CSV:
        return BankFile(
            message_id,
            f"{message_id}.csv",
            "text/csv; charset=utf-8",
            bank_files.csv_of(transfers),
            len(payouts),
        )
    content = bank_files.pain001(transfers, message_id=message_id, made_at=made_at, ours=our_account())
    return BankFile(message_id, f"{message_id}.xml", "application/xml", content, len(payouts))


def our_account() -> BankAccount:
    """Return the account payouts leave from. Raises: PayoutError when it is not set."""
    account = BankAccount(
        site.PAYOUT_ACCOUNT_HOLDER, site.PAYOUT_ACCOUNT.replace(" ", ""), site.PAYOUT_BANK_CODE
    )
    if not account.holder or not account.number:
        raise PayoutError(
            "Set PAYOUT_ACCOUNT_HOLDER and PAYOUT_ACCOUNT first: the bank asks whose money it is.",
            "no_account",
        )
    return account


def _transfers(payouts: Sequence[Payout]) -> list[Transfer]:
    """Return what goes into the file, each to the account its venue has by now."""
    known = PaymentSettings.objects.in_bulk([payout.venue_id for payout in payouts], field_name="venue_id")
    missing = [payout for payout in payouts if not _account(known.get(payout.venue_id))]
    if missing:
        names = ", ".join(sorted({payout.venue.name for payout in missing})[:5])
        raise PayoutError(f"Bank details are missing: {names}.", "no_details")
    return [
        Transfer(
            reference=payout.public_id.hex,
            to=_account(known[payout.venue_id]),
            amount_minor=payout.amount_minor,
            currency=payout.currency,
            text=f"Payout {payout.public_id.hex[:8]} {site.SITE_HOST}",
        )
        for payout in payouts
    ]


def _account(settings: PaymentSettings | None) -> BankAccount | None:
    if settings is None or not settings.bank_account or not settings.account_holder:
        return None
    return BankAccount(settings.account_holder, settings.bank_account, settings.bank_code)
