"""Requests on their way to a provider: they arrive, fail, arrive late, or their answers get lost."""

import datetime as dt
from typing import Any

from payments.providers.base import Declined, Misconfigured, ProviderError, ProviderPayment, Unavailable


def call(world: Any, kind: str, row: Any, fault: str | None) -> tuple[bool, Any]:
    """Let a request reach its provider, or not; returns (is it an answer, answer or error)."""
    payment = row if kind == "fetch" else row.payment
    provider = world.providers[str(payment.provider)]
    until = world.outages.get(provider.name)
    if until and world.now < until:
        fault = "error"
    try:
        answer = _answer(world, provider, kind, row, fault)
    except ProviderError as error:
        if world.story is not None:
            world.say(f"  {kind} of payment {payment.pk}: {type(error).__name__} {error}")
        return False, error
    if world.story is not None:
        world.say(f"  {kind} of payment {payment.pk}: {getattr(answer, 'state', 'done')}")
    return True, answer


def _answer(world: Any, provider: Any, kind: str, row: Any, fault: str | None) -> Any:
    if kind == "fetch":
        return _look(provider, row, fault)
    if fault is None:
        return provider.handle(kind, row)
    if fault == "error":
        raise Unavailable("no answer", code="fault")
    if fault == "declined":
        raise Declined("not now", code="fault")
    if fault == "misconfigured":
        raise Misconfigured("wrong key", code="fault")
    if fault == "late":
        world.late.append((world.now + dt.timedelta(seconds=20), kind, row))
    elif fault in ("stored", "stored_after") and provider.name == "stripe":
        provider.store_failure(kind, row, is_done=fault == "stored_after")
    else:  # the work is done, the answer lost
        provider.handle(kind, row)
    raise Unavailable("the answer is lost", code="fault")


def _look(provider: Any, payment: Any, fault: str | None) -> ProviderPayment:
    if fault in ("odd", None):
        return provider.fetch(payment, is_odd=fault == "odd")
    raise Unavailable("no answer", code="fault")


def land(world: Any) -> None:
    """Requests that were long on their way arrive."""
    due = [one for one in world.late if one[0] <= world.now]
    world.late = [one for one in world.late if one[0] > world.now]
    for _, kind, operation in due:
        try:
            world.providers[str(operation.payment.provider)].handle(kind, operation)
        except ProviderError:
            world.say(f"  a late {kind} comes to nothing")
