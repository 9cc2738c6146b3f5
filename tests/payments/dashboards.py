"""Acts of staff in a provider's dashboard, and what is left of them in ours."""

from payments.models import Drift, PaymentOperation


def dashboard(journey, action: str, **order) -> dict:
    """Staff act at the provider, past us; then we look."""
    made = journey.sandbox.control(
        "dashboard", {"action": action, "payment_intent": journey.payment.provider_ref, **order}
    )
    journey.sync()
    return made


def externals() -> list[tuple[str, str]]:
    return list(Drift.objects.filter(kind="external").order_by("pk").values_list("theirs", "state"))


def notices(journey) -> list[str]:
    return list(journey.fresh.events.filter(verb__startswith="external").values_list("verb", flat=True))


def ours(journey, kind: str) -> int:
    return PaymentOperation.objects.filter(payment__booking=journey.booking, kind=kind).count()
