"""What every provider must make of faults, over HTTP against the sandbox; see test_contract.py."""

from collections.abc import Callable

import pytest

from payments.providers.base import Misconfigured, State, Unavailable
from payments.providers.octo.client import OctoProvider
from payments.providers.stripe import client
from tests.payments.providers.conftest import Case, octo_account

CALLS: dict[str, tuple[Callable[[Case], object], Callable[[Case], object], str]] = {
    "open": (lambda case: None, lambda case: case.open(), "opened"),
    "capture": (lambda case: case.hold(), lambda case: case.capture(), "capture"),
    "void": (lambda case: case.hold(), lambda case: case.void(), "cancel"),
    "refund": (lambda case: case.take(), lambda case: case.refund(case.part), "refund"),
}


def count(case: Case, effect: str) -> int:
    return case.opened if effect == "opened" else case.effects.get(effect, 0)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", ["error_429", "error_500", "reset", "html_502"])
def test_call_that_came_to_nothing_is_unavailable_and_may_be_repeated(
    case: Case, call: str, fault: str
) -> None:
    prepare, act, effect = CALLS[call]
    prepare(case)
    case.fault(call, fault)

    with pytest.raises(Unavailable) as error:
        act(case)

    assert not error.value.is_final
    assert count(case, effect) == 0
    act(case)
    assert count(case, effect) == 1


@pytest.mark.parametrize("call", CALLS)
def test_call_whose_answer_was_lost_is_done_once(case: Case, call: str, settings) -> None:
    prepare, act, effect = CALLS[call]
    prepare(case)
    settings.PROVIDER_READ_SECONDS = 0.3
    case.fault(call, "timeout_after")

    with pytest.raises(Unavailable):
        act(case)

    assert count(case, effect) == 1
    act(case)
    assert count(case, effect) == 1


@pytest.mark.parametrize("call", ["open", "refund"])
def test_failure_stored_under_its_key_ends_with_another_key(case: Case, call: str) -> None:
    prepare, act, effect = CALLS[call]
    prepare(case)
    case.fault(call, "stored_500")

    for _ in range(2):
        with pytest.raises(Unavailable):
            act(case)

    assert count(case, effect) == 0
    if call == "open":
        case.open("RHCASE-checkout-2")
    else:
        case.refunds.clear()
        case.refund(case.part, "RHCASE-refund-2")
    assert count(case, effect) == 1


@pytest.mark.parametrize("fault", ["error_429", "error_500", "reset", "html_502", "timeout_after"])
def test_look_without_an_answer_is_unavailable(case: Case, fault: str, settings) -> None:
    case.hold()
    settings.PROVIDER_READ_SECONDS = 0.3
    case.fault("fetch", fault)

    with pytest.raises(Unavailable):
        case.fetch()

    assert case.fetch().state == State.AUTHORIZED


def test_nobody_there_is_unavailable(case: Case, settings) -> None:
    nowhere = "http://127.0.0.1:9"
    settings.STRIPE_API_BASE = nowhere
    octo = OctoProvider(octo_account(case.sandbox, api_base=nowhere))
    case.provider = octo if case.provider.name == "octo" else client.platform_account()

    with pytest.raises(Unavailable):
        case.open()


def test_wrong_keys_are_for_staff_to_mend(case: Case, settings) -> None:
    settings.STRIPE_SECRET_KEY = "sk_wrong_one"
    octo = OctoProvider(octo_account(case.sandbox, secret="a-wrong-secret"))
    case.provider = octo if case.provider.name == "octo" else client.platform_account()

    with pytest.raises(Misconfigured) as error:
        case.open()

    assert "a-wrong-secret" not in str(error.value)
    assert case.opened == 0
