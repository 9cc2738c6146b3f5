"""Hands ready bank payouts over to the bank: a file, and the payouts in it are under way. Each goes into one file.

The file is made of what the run has frozen, and kept: whatever a venue changes since, what was sent stays as it was.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings as site
from django.db import transaction

from core import clock
from core.mode import site_is_live
from payments.models import Payout, PayoutFile
from payments.payouts import bank_files
from payments.payouts.bank_files import BankAccount, Transfer
from payments.payouts.payees import bank_account_of
from payments.payouts.services import PayoutError
from rooms.models import Venue

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

    Only payouts of the site's mode; a file of test money says so in its name and its message id. Those of suspended
    venues are left out, and stay ready.

    Raises: PayoutError (none is ready, an account was not frozen, our own account is not set).
    """
    rows = Payout.objects.select_for_update(no_key=True).filter(
        pk__in=payout_ids, method=Payout.Method.BANK, status=Payout.Status.READY, is_live=site_is_live()
    )
    payouts = list(rows.exclude(venue__in=Venue.objects.suspended()).order_by("pk")[:MOST])
    if not payouts:
        raise PayoutError("nothing_ready", "None of these payouts waits for a bank file.")
    now = clock.now()
    mark = "RH" if site_is_live() else "RH-TEST"
    message_id = f"{mark}-{now:%Y%m%d%H%M%S}-{uuid.uuid4().hex[:6]}"
    made = _build(payouts, message_id, now, form)
    _keep(made)
    Payout.objects.filter(pk__in=[payout.pk for payout in payouts]).update(
        status=Payout.Status.SENDING, sent_at=now, provider_ref=message_id
    )
    log.info("payouts_exported", message_id=message_id, payouts=len(payouts), by=by.pk if by else None)
    return made


def again(name: str) -> BankFile:
    """Return a file made before, byte for byte: the bank takes it for the same. Raises: PayoutError: there is none."""
    kept = PayoutFile.objects.filter(name=name).first()
    if kept is None:
        raise PayoutError("no_such_file", "There is no such file.")
    return BankFile(kept.message_id, kept.name, kept.content_type, kept.content.encode(), kept.count)


def _keep(made: BankFile) -> None:
    PayoutFile.objects.create(
        message_id=made.message_id, name=made.name, content_type=made.content_type, content=made.content.decode(),
        count=made.count,
    )  # fmt: skip


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
            "no_account",
            "Set PAYOUT_ACCOUNT_HOLDER and PAYOUT_ACCOUNT first: the bank asks whose money it is.",
        )
    return account


def _transfers(payouts: Sequence[Payout]) -> list[Transfer]:
    """Return what goes into the file, each to the account its run has frozen."""
    transfers, missing = [], set()
    for payout in payouts:
        account = bank_account_of(payout)
        if account is None:
            missing.add(payout.venue.name)
        else:
            transfers.append(_transfer(payout, account))
    if missing:
        names = ", ".join(sorted(missing)[:5])
        raise PayoutError(
            "no_details",
            f"No account was frozen for {names}: mark these payouts as failed, and the next run pays them.",
        )
    return transfers


def _transfer(payout: Payout, account: BankAccount) -> Transfer:
    return Transfer(
        reference=payout.public_id.hex,
        to=account,
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        text=f"Payout {payout.public_id.hex[:8]} {site.SITE_HOST}",
    )
