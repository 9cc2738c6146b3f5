"""A venue's payment settings over HTTP, for its owners and managers and for staff. Joined to /api/v1 by config.api."""

from typing import Annotated, Any, Literal

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from ninja import Field, Router, Schema
from pydantic import ConfigDict, StringConstraints

from accounts.api_auth import ApiRequest, Caller
from accounts.scopes import MONEY
from accounts.sign_in.stepup import has_proof, require_proof
from bookings.api.access import KNOWN, known
from core.typed.json import Percent, line
from core.web.answers import private_json
from core.web.problems import FieldError, Problem
from payments.payouts.payees import problem_of
from payments.phrases import KEYS_TRIED
from payments.venue_settings import services as venue_settings
from payments.venue_settings.payee_changes import PayeeNotProven
from payments.venue_settings.services import InvalidSettings, hold_limit, settings_of, shown, values_of
from rooms.models import Venue
from rooms.team.admin_access import MANAGERS
from rooms.team.permissions import venues_of

router = Router(tags=["Payments"])

Text = Annotated[str, line(140)]
Key = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Code = Annotated[str, line(64)]
Count = Annotated[int, Field(strict=True, ge=0, le=2**53)]
HIDDEN = "Write-only: answered as `***` and at most its last four characters; sent so, or left out, it stays"


class PaymentSettingsIn(Schema):
    """What is left out stays as it is; a field not listed here is refused."""

    model_config = ConfigDict(extra="forbid")

    provider: Literal["stripe", "octo"] | None = None
    takes_online_payment: bool | None = Field(None, strict=True)
    octo_shop_id: Count | None = Field(None, description="null: guests pay to the platform's shop")
    octo_secret: Key | None = Field(None, description=HIDDEN)
    octo_unique_key: Key | None = Field(None, description=HIDDEN)
    octo_hold_minutes: Count | None = None
    payout_method: Literal["bank", "stripe"] | None = None
    account_holder: Text | None = None
    bank_account: Code | None = Field(None, description=f"IBAN, or an Uzbek account of 20 digits. {HIDDEN}")
    bank_code: Code | None = Field(None, description="BIC, or an Uzbek bank's MFO")
    stripe_account_ref: Code | None = None
    payout_minimum_minor: Count | None = None
    payout_delay_hours: Count | None = Field(None, description="Changed by staff alone")
    processing_fee_bearer: Literal["platform", "host"] | None = Field(
        None, description="Changed by staff alone"
    )
    platform_fee_percent: Percent | None = Field(
        None, max_digits=5, decimal_places=2, description="Changed by staff alone; null: the platform's own"
    )


class PaymentSettingsOut(Schema):
    venue: str
    currency: str
    provider: Literal["stripe", "octo"]
    takes_online_payment: bool
    octo_shop_id: int | None
    octo_secret: str
    octo_unique_key: str
    octo_hold_minutes: int
    hold_limit_minutes: int = Field(description="How long money is held for this venue, by these settings")
    payout_method: Literal["bank", "stripe"]
    account_holder: str
    bank_account: str
    bank_code: str
    stripe_account_ref: str
    stripe_account_problem: str = Field(
        description="Why Stripe would not pay that account; empty: nothing is known"
    )
    payout_minimum_minor: int
    payout_delay_hours: int
    processing_fee_bearer: Literal["platform", "host"]
    platform_fee_percent: str | None
    platform_default_fee_percent: str


class KeysTriedOut(Schema):
    result: Literal["ok", "refused", "unknown"]
    message: str


# Fields whose null means something; in any other, null is as good as left out.
NULLABLE = ("octo_shop_id", "platform_fee_percent")


@router.get(
    "venues/{slug:venue}/payment-settings", response=PaymentSettingsOut, auth=KNOWN,
    summary="A venue's payment settings",
)  # fmt: skip
def get_payment_settings(request: ApiRequest, venue: str) -> JsonResponse:
    return private_json(_json(venue_or_404(request.auth, venue)))


@router.put(
    "venues/{slug:venue}/payment-settings", response=PaymentSettingsOut, auth=known(MONEY),
    summary="Change a venue's payment settings",
)  # fmt: skip
def put_payment_settings(request: ApiRequest, venue: str, body: PaymentSettingsIn) -> JsonResponse:
    """The settings as they were answered may be sent back whole. Refusals name each wrong field.

    Where the money goes is changed by an owner alone, whose password was typed lately, or by a token with `payee`.
    """
    row = venue_or_404(request.auth, venue)
    given = body.model_dump(include=body.model_fields_set)
    changes = {name: value for name, value in given.items() if value is not None or name in NULLABLE}
    try:
        venue_settings.save(
            venue_id=row.pk, changes=changes, user=request.auth.user, is_proven=has_proof(request)
        )
    except PayeeNotProven as error:
        require_proof(request)  # which says what is missing
        raise PermissionDenied from error
    except InvalidSettings as error:
        errors = [FieldError(name, "invalid", message) for name, message in error.errors.items()]
        raise Problem(422, "invalid", "Some fields are wrong: see `errors`.", errors=errors) from error
    row.refresh_from_db()
    return private_json(_json(row))


@router.post(
    "venues/{slug:venue}/payment-settings/try-keys", response=KeysTriedOut, auth=known(MONEY),
    summary="Ask Octo whether it knows the saved keys",
)  # fmt: skip
def try_payment_keys(request: ApiRequest, venue: str) -> JsonResponse:
    """Changes nothing, here or there."""
    row = venue_or_404(request.auth, venue)
    word = venue_settings.try_keys(row)
    if word == "too_often":
        raise Problem(429, "too_many_requests", KEYS_TRIED[word], headers={"Retry-After": "60"})
    return private_json({"result": word, "message": KEYS_TRIED[word]})


def venue_or_404(caller: Caller, slug: str) -> Venue:
    """Return a venue to its owners, managers and staff. Raises: Http404 to anybody else, its clerks included."""
    rows = venues_of(caller.user).filter(slug=slug)
    if not caller.user.is_platform_staff:
        rows = rows.filter(members__user=caller.user, members__role__in=MANAGERS)
    venue = rows.first()
    if venue is None:
        raise Http404("No such venue.")
    return venue


def _json(venue: Venue) -> dict[str, Any]:
    row = settings_of(venue)
    values = values_of(venue, row)
    percent = values["platform_fee_percent"]
    return {
        "venue": venue.slug,
        "currency": venue.currency,
        **{name: shown(name, value) for name, value in values.items()},
        "stripe_account_problem": problem_of(row),
        "hold_limit_minutes": hold_limit(values),
        "platform_fee_percent": None if percent is None else f"{percent:f}",
        "platform_default_fee_percent": settings.PLATFORM_FEE_PERCENT,
    }
