"""A venue's payment settings: read, checked and saved as one, whoever asks and by whichever door.

They lie in three places, written in one transaction: PaymentSettings, the venue's account at Octo, and the venue's own
columns (whether it takes money online, how long money is held, the platform's fee). Values are a plain dict by the
names in FIELDS; amounts in minor units of the venue's currency.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import structlog
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import transaction

from core.errors import Refusal
from core.queue import ring
from core.web.ratelimit import hit
from payments.models import PaymentSettings, Provider, ProviderAccount, VenuePayments
from payments.providers.base import Misconfigured, ProviderError
from payments.providers.octo.client import CURRENCIES as OCTO_CURRENCIES
from payments.providers.registry import octo_provider
from payments.venue_settings import payee_changes
from payments.venue_settings.bank_details import WrongBankDetails, checked
from rooms import sales_modes
from rooms.models import HOLD_LIMIT_MINUTES, Venue

log = structlog.get_logger(__name__)

Values = dict[str, Any]

# What people call each field; the audit trail says which of them somebody changed, never the values.
FIELDS = {
    "provider": "Payment provider",
    "takes_online_payment": "Online payment",
    "octo_shop_id": "Octo shop id",
    "octo_secret": "Octo secret",
    "octo_unique_key": "Octo unique key",
    "octo_hold_minutes": "Octo hold minutes",
    "payout_method": "How payouts are made",
    "account_holder": "Account holder",
    "bank_account": "Bank account",
    "bank_code": "Bank code",
    "stripe_account_ref": "Stripe account",
    "payout_minimum_minor": "Smallest payout",
    "payout_delay_hours": "Payout delay",
    "processing_fee_bearer": "Who bears the processing fee",
    "platform_fee_percent": "Platform fee",
}
# What the platform agrees with a venue is not the host's to change.
AGREED = frozenset({"payout_delay_hours", "processing_fee_bearer", "platform_fee_percent"})
# Never shown again once saved.
SECRETS = frozenset({"octo_secret", "octo_unique_key", "bank_account"})
UNCHANGED = "***"
OWN_COLUMNS = (
    "provider", "octo_hold_minutes", "payout_method", "account_holder", "bank_account", "bank_code",
    "stripe_account_ref", "payout_minimum_minor", "payout_delay_hours", "processing_fee_bearer",
)  # fmt: skip
VENUE_COLUMNS = ("takes_online_payment", "platform_fee_percent")
LONGEST_SECRET = 200
KEY_TRIES_PER_MINUTE = 6
# The shop's number fits the column.
LARGEST_SHOP = 2**53
STRIPE_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]{6,58}")
BOUNDS = {
    "octo_hold_minutes": (10, 30 * 24 * 60),
    "payout_minimum_minor": (0, 10**13),
    "payout_delay_hours": (0, 30 * 24),
}


class InvalidSettings(Refusal, ValueError):
    """`errors` is {field: sentence}."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("invalid", "; ".join(errors.values()))
        self.errors = dict(errors)


def settings_of(venue: Venue) -> PaymentSettings:
    """Return a venue's settings, with the defaults where nobody has saved any yet."""
    found = PaymentSettings.objects.select_related("octo_account").filter(venue_id=venue.pk).first()
    return found or PaymentSettings.fresh(venue)


def values_of(venue: Venue, row: PaymentSettings) -> Values:
    """Return all values, secrets in clear: for comparing, never for showing."""
    account = row.octo_account
    return {
        **{name: getattr(row, name) for name in OWN_COLUMNS},
        **{name: getattr(venue, name) for name in VENUE_COLUMNS},
        "octo_shop_id": account.shop_id if account else None,
        "octo_secret": account.secret if account else "",
        "octo_unique_key": account.unique_key if account else "",
    }


def shown(name: str, value: Any) -> Any:
    """Return a value as people and programs may see it: of a secret at most its last four characters."""
    if name not in SECRETS or not value:
        return value
    return UNCHANGED + (value[-4:] if len(value) >= 12 else "")


def merged(venue: Venue, before: Values, changes: Mapping[str, Any]) -> Values:
    """Return the values after `changes`; a secret given as it is shown, or left out, stays as it is."""
    given = {name: value.strip() if isinstance(value, str) else value for name, value in changes.items()}
    given = {
        name: value
        for name, value in given.items()
        if name not in SECRETS or not str(value).startswith(UNCHANGED)
    }
    wanted = {**before, **given}
    if wanted["octo_shop_id"] != before["octo_shop_id"]:
        # Keys belong to a shop: another one brings its own, or those it had here before.
        other = ProviderAccount.objects.filter(
            venue_id=venue.pk, provider=Provider.OCTO, shop_id=wanted["octo_shop_id"] or 0
        ).first()
        wanted["octo_secret"] = given.get("octo_secret") or (other.secret if other else "")
        wanted["octo_unique_key"] = given.get("octo_unique_key") or (other.unique_key if other else "")
    return wanted


def check(venue: Venue, wanted: Values) -> Values:
    """Return the values as they are kept. Raises: InvalidSettings, which names every wrong field."""
    errors = {
        **_out_of_bounds(wanted),
        **_octo_errors(venue, wanted),
        **_payout_errors(wanted),
    }
    bank = {name: wanted[name] for name in ("bank_account", "bank_code")}
    try:
        account, code = checked(*bank.values(), currency=venue.currency)
        bank = {"bank_account": account, "bank_code": code}
    except WrongBankDetails as error:
        errors[error.field] = str(error)
    if bank["bank_account"] and not wanted["account_holder"]:
        errors["account_holder"] = "Whose account is it?"
    if "octo_hold_minutes" not in errors and (rooms := rooms_held_too_long(venue, wanted)):
        errors[_hold_field(wanted)] = rooms
    if errors:
        raise InvalidSettings(errors)
    return {**wanted, **bank}


def rooms_held_too_long(venue: Venue, wanted: Values) -> str:
    """Return which rooms hold money longer than the provider does, as a sentence; empty where none does."""
    limit = hold_limit(wanted)
    if not wanted["takes_online_payment"]:
        return ""
    held = Venue(hold_limit_minutes=limit)
    names = [
        room.name
        for room in venue.rooms.order_by("name")
        if room.price_minor and sales_modes.refusals(held, room.approval, room.capture)
    ]
    if not names:
        return ""
    return f"{sales_modes.hold_too_short(limit)} These rooms hold it first: {', '.join(names)}."


def hold_limit(wanted: Values) -> int:
    """Return how many minutes the provider keeps money held for a venue with these settings."""
    if wanted["provider"] != Provider.OCTO:
        return HOLD_LIMIT_MINUTES
    return wanted["octo_hold_minutes"] if wanted["octo_shop_id"] else settings.OCTO_HOLD_MINUTES


def save(*, venue_id: int, changes: Mapping[str, Any], user: Any, is_proven: bool = False) -> PaymentSettings:
    """Change a venue's payment settings, all in one transaction, and note who changed which.

    `is_proven`: whether the user has proved lately who they are, as a change of payee needs.
    Raises: InvalidSettings; PermissionDenied where somebody else than staff changes what was agreed, or than an owner
    where the money goes; PayeeNotProven.
    """
    with transaction.atomic():
        venue = Venue.objects.select_for_update(no_key=True).get(pk=venue_id)
        usual = {"payout_minimum_minor": PaymentSettings.usual_minimum_minor(venue)}
        row, _ = PaymentSettings.objects.get_or_create(venue=venue, defaults=usual)
        before = values_of(venue, row)
        wanted = check(venue, merged(venue, before, changes))
        changed = [name for name in FIELDS if wanted[name] != before[name]]
        if AGREED.intersection(changed) and not user.is_platform_staff:
            raise PermissionDenied("This is agreed with the platform, and only its staff may change it.")
        moved = payee_changes.payee_fields(before, wanted)
        if moved:
            payee_changes.check(venue, user, is_proven=is_proven)
        _write(venue, row, wanted)
        if changed:
            _note(venue, changed, user)
        if moved:
            payee_changes.note(venue, user, [FIELDS[name] for name in moved], before, wanted)
    return row


def try_keys(venue: Venue) -> str:
    """Ask Octo about a payment that never was, with the keys as saved (the platform's where a venue has none).

    Returns a word of messages.KEYS_TRIED. Whether a unique key is right only a notification shows.
    """
    if hit("try-keys", str(venue.pk), limit=KEY_TRIES_PER_MINUTE, seconds=60):
        return "too_often"
    account = settings_of(venue).octo_account
    is_test = account.is_test if account else settings.OCTO_TEST
    try:
        octo_provider(account, is_test=is_test).check_keys()
    except Misconfigured as error:
        log.warning("octo_keys_refused", venue=venue.slug, code=error.code)
        return "refused"
    except ProviderError as error:
        log.warning("octo_keys_not_tried", venue=venue.slug, code=error.code)
        return "unknown"
    return "ok"


# --- checks ---------------------------------------------------------------------------------------------------


def _out_of_bounds(wanted: Values) -> dict[str, str]:
    errors = {}
    for name, (least, most) in BOUNDS.items():
        if not least <= wanted[name] <= most:
            errors[name] = f"From {least:,} to {most:,}."
    percent = wanted["platform_fee_percent"]
    if percent is not None and not Decimal(0) <= percent <= Decimal(100):
        errors["platform_fee_percent"] = "From 0 to 100."
    return errors


def _octo_errors(venue: Venue, wanted: Values) -> dict[str, str]:
    errors = {}
    shop_id = wanted["octo_shop_id"]
    if shop_id is not None and not 0 < shop_id < LARGEST_SHOP:
        errors["octo_shop_id"] = "A positive whole number."
    for name in ("octo_secret", "octo_unique_key"):
        key = wanted[name]
        if shop_id and not key:
            errors[name] = "Needed with a shop of your own."
        elif key and not shop_id:
            errors.setdefault("octo_shop_id", "Which shop are these keys of?")
        elif key and not (
            key.isascii() and key.isprintable() and " " not in key and len(key) <= LONGEST_SECRET
        ):
            errors[name] = f"At most {LONGEST_SECRET} letters, digits and signs, without spaces."
    if wanted["provider"] == Provider.OCTO:
        if venue.currency not in OCTO_CURRENCIES:
            errors["provider"] = (
                f"Octo takes {', '.join(OCTO_CURRENCIES)}; this venue sells in {venue.currency}."
            )
        elif not shop_id and not settings.OCTO_SHOP_ID:
            errors["octo_shop_id"] = "The platform has no shop at Octo: enter your own."
    return errors


def _payout_errors(wanted: Values) -> dict[str, str]:
    ref = wanted["stripe_account_ref"]
    if ref and not STRIPE_ACCOUNT.fullmatch(ref):
        return {"stripe_account_ref": "A connected account, such as acct_1A2b3C4d5E6f7G8h."}
    if wanted["payout_method"] == PaymentSettings.Method.STRIPE and not ref:
        return {"stripe_account_ref": "Needed for payouts to a Stripe account."}
    return {}


def _hold_field(wanted: Values) -> str:
    is_own_shop = wanted["provider"] == Provider.OCTO and wanted["octo_shop_id"]
    return "octo_hold_minutes" if is_own_shop else "provider"


# --- writing --------------------------------------------------------------------------------------------------


def _write(venue: Venue, row: PaymentSettings, wanted: Values) -> None:
    before = (row.payout_method, row.stripe_account_ref)
    for name in OWN_COLUMNS:
        setattr(row, name, wanted[name])
    row.octo_account = _account(venue, wanted)
    if (row.payout_method, row.stripe_account_ref) != before:
        # Nothing is known of another account; the sweep asks where the doorbell is lost.
        row.stripe_account_problem, row.stripe_account_checked_at = "", None
        ring("payments.tasks.look_at_payee", venue.pk)
    row.save()
    Venue.objects.filter(pk=venue.pk).update(
        hold_limit_minutes=hold_limit(wanted),
        payment_provider=wanted["provider"],
        **{name: wanted[name] for name in VENUE_COLUMNS},
    )


def _account(venue: Venue, wanted: Values) -> ProviderAccount | None:
    """Keep a shop's keys. Another shop is another row: payments begun with the old one end with it."""
    if not wanted["octo_shop_id"]:
        return None
    account, _ = ProviderAccount.objects.get_or_create(
        venue=venue, provider=Provider.OCTO, shop_id=wanted["octo_shop_id"],
        defaults={"is_test": settings.OCTO_TEST, "secret": "", "unique_key": ""},
    )  # fmt: skip
    account.secret, account.unique_key = wanted["octo_secret"], wanted["octo_unique_key"]
    account.is_test = settings.OCTO_TEST
    account.save()
    return account


def _note(venue: Venue, changed: list[str], user: Any) -> None:
    names = [FIELDS[name] for name in changed]
    LogEntry.objects.log_actions(
        user.pk, [VenuePayments.objects.get(pk=venue.pk)], CHANGE,
        [{"changed": {"fields": names}}], single_object=True,
    )  # fmt: skip
    log.info("payment_settings_changed", venue=venue.slug, user=user.pk, fields=changed)
