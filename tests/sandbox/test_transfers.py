"""Hosts and transfers in process: who can be paid, out of what, and what can be fetched back."""

import json
from typing import Any

import pytest

from sandbox.orders import BadOrder
from sandbox.settings import Settings
from sandbox.stripe import orders
from sandbox.world import World
from tests.sandbox.wire import Wire

DAY = 86_400


def host(wire: Wire, state: str = "enabled") -> str:
    raw = {"capabilities[transfers][requested]": "true", "metadata[venue]": "sea"}
    made = wire.post("/v1/accounts", raw=raw, type="express", country="FR", email="ada@example.com")
    if state:
        wire.world.stripe.order(orders.host, {"account": made["id"], "state": state})
    return str(made["id"])


def rich(wire: Wire, amount: int = 10_000) -> Any:
    """A paid charge whose money is available."""
    intent = wire.paid(amount, "eur")
    wire.world.advance(2 * DAY)
    return intent


def send(wire: Wire, destination: str, amount: int = 5_000, **more: Any) -> Any:
    return wire.post("/v1/transfers", amount=amount, currency="eur", destination=destination, **more)


def refuse(wire: Wire, destination: str, amount: int = 5_000, **more: Any) -> Any:
    params = {"currency": "eur", "amount": amount, "destination": destination, **more}
    return wire.error("POST", "/v1/transfers", 400, **params)


def funds(wire: Wire) -> tuple[int, int]:
    balance = wire.get("/v1/balance")
    euros = [next(one["amount"] for one in balance[name] if one["currency"] == "eur")
             for name in ("available", "pending")]  # fmt: skip
    return euros[0], euros[1]


def test_new_host_cannot_be_paid_before_the_provider_knows_them(wire: Wire, world: World) -> None:
    rich(wire)
    ref = host(wire, state="")
    made = wire.get(f"/v1/accounts/{ref}")
    assert (made["payouts_enabled"], made["capabilities"]) == (False, {"transfers": "inactive"})
    assert "external_account" in made["requirements"]["currently_due"]
    assert refuse(wire, ref)["code"] == "insufficient_capabilities_for_transfer"

    world.stripe.order(orders.host, {"account": ref, "state": "enabled"})

    known = wire.get(f"/v1/accounts/{ref}")
    assert (known["payouts_enabled"], known["details_submitted"]) == (True, True)
    assert (known["requirements"]["currently_due"], known["capabilities"]) == ([], {"transfers": "active"})
    assert wire.events()[-1] == "account.updated"
    assert send(wire, ref)["destination"] == ref


@pytest.mark.parametrize(
    ("state", "reason"), [("restricted", "requirements.past_due"), ("rejected", "rejected.other")]
)
def test_host_in_disfavor_cannot_be_paid(wire: Wire, state: str, reason: str) -> None:
    rich(wire)
    ref = host(wire, state)

    assert wire.get(f"/v1/accounts/{ref}")["requirements"]["disabled_reason"] == reason
    assert refuse(wire, ref)["code"] == "insufficient_capabilities_for_transfer"
    assert wire.get("/v1/transfers")["data"] == []


def test_unknown_host_is_refused(wire: Wire) -> None:
    rich(wire)

    error = refuse(wire, "acct_none")

    assert (error["code"], error["param"]) == ("resource_missing", "destination")


def test_transfer_takes_from_the_available_balance_only(wire: Wire, world: World) -> None:
    wire.paid(10_000, "eur")
    ref = host(wire)
    assert funds(wire) == (0, 9_680)
    assert refuse(wire, ref)["code"] == "balance_insufficient"
    world.advance(2 * DAY)
    assert refuse(wire, ref, 9_681)["code"] == "balance_insufficient"

    transfer = send(wire, ref, 9_680, raw={"metadata[booking_reference]": "RH-1"}, transfer_group="RH-1")

    assert funds(wire) == (0, 0)
    transaction = wire.get(f"/v1/balance_transactions/{transfer['balance_transaction']}")
    assert (transaction["type"], transaction["amount"], transaction["fee"]) == ("transfer", -9_680, 0)
    assert wire.events()[-1] == "transfer.created"
    books = world.books()["stripe"]
    assert books["transfers"] == [
        {
            "id": transfer["id"],
            "reference": "RH-1",
            "destination": ref,
            "transfer_group": "RH-1",
            "currency": "eur",
            "amount_minor": 9_680,
            "reversed_minor": 0,
            "account": "platform",
            "mode": "test",
        }
    ]
    assert books["effects"]["transfer"] == 1


def test_transfer_tied_to_a_charge_need_not_wait_but_has_its_bound(wire: Wire) -> None:
    intent = wire.paid(10_000, "eur")
    charge, ref = intent["latest_charge"], host(wire)

    first = send(wire, ref, 8_000, source_transaction=charge)
    above = refuse(wire, ref, 2_001, source_transaction=charge)

    assert first["source_transaction"] == charge
    assert above["param"] == "amount"
    assert funds(wire) == (0, 1_680)
    assert send(wire, ref, 2_000, source_transaction=charge)["amount"] == 2_000


def test_tied_transfer_must_be_in_the_currency_that_was_settled(wire: Wire) -> None:
    intent = wire.paid(900_000_00, "uzs")
    ref = host(wire)

    error = refuse(wire, ref, source_transaction=intent["latest_charge"])

    assert error["param"] == "currency"
    raw = {"amount": 7_000, "currency": "usd", "source_transaction": intent["latest_charge"]}
    assert wire.post("/v1/transfers", raw=raw, destination=ref)["currency"] == "usd"


@pytest.mark.parametrize("source", ["ch_none", "held"])
def test_transfer_tied_to_no_captured_charge_is_refused(wire: Wire, source: str) -> None:
    ref = host(wire)
    charge = wire.held(10_000, "eur")["latest_charge"] if source == "held" else source

    assert refuse(wire, ref, source_transaction=charge)["param"] == "source_transaction"


def test_transfer_with_a_known_key_happens_once(wire: Wire, world: World) -> None:
    rich(wire)
    ref = host(wire)

    first, again = (send(wire, ref, key="payout-1") for _ in range(2))

    assert first == again
    assert world.books()["stripe"]["effects"]["transfer"] == 1


def test_refusal_for_lack_of_money_is_kept_under_its_key(wire: Wire) -> None:
    wire.paid(10_000, "eur")
    ref = host(wire)
    assert refuse(wire, ref, key="payout-1")["code"] == "balance_insufficient"
    wire.paid(10_000, "eur", "4000000000000077")  # available at once

    assert refuse(wire, ref, key="payout-1")["code"] == "balance_insufficient"
    assert send(wire, ref, key="payout-2")["amount"] == 5_000


def test_reversal_fetches_back_in_parts(wire: Wire, world: World) -> None:
    rich(wire)
    transfer = send(wire, host(wire), 5_000)
    path = f"/v1/transfers/{transfer['id']}/reversals"

    part = wire.post(path, amount=2_000, raw={"metadata[a]": "b"})
    assert (part["object"], part["transfer"], part["amount"]) == ("transfer_reversal", transfer["id"], 2_000)
    assert wire.error("POST", path, 400, amount=3_001)["param"] == "amount"
    rest = wire.post(path)

    assert rest["amount"] == 3_000
    fresh = wire.get(f"/v1/transfers/{transfer['id']}")
    assert (fresh["amount_reversed"], fresh["reversed"]) == (5_000, True)
    assert [one["id"] for one in fresh["reversals"]["data"]] == [rest["id"], part["id"]]
    assert [one["id"] for one in wire.get(path)["data"]] == [rest["id"], part["id"]]
    assert wire.get(f"{path}/{part['id']}") == part
    assert wire.error("POST", path, 400)["code"] == "transfer_reversed"
    assert funds(wire) == (9_680, 0)
    assert wire.events()[-2:] == ["transfer.reversed"] * 2
    assert world.books()["stripe"]["transfers"][0]["reversed_minor"] == 5_000
    assert world.books()["stripe"]["effects"]["transfer_reversal"] == 2


def test_money_the_host_took_out_cannot_be_fetched_back(wire: Wire, world: World) -> None:
    rich(wire)
    ref = host(wire)
    transfer = send(wire, ref)

    world.stripe.order(orders.host, {"account": ref, "withdraw": True})

    error = wire.error("POST", f"/v1/transfers/{transfer['id']}/reversals", 400)
    assert error["code"] == "balance_insufficient"
    assert wire.get(f"/v1/transfers/{transfer['id']}")["amount_reversed"] == 0


def test_transfers_are_listed_by_host_and_group(wire: Wire) -> None:
    rich(wire)
    ada, bob = host(wire), host(wire)
    first = send(wire, ada, 100, transfer_group="week-1")
    second = send(wire, bob, 200, transfer_group="week-1")
    third = send(wire, bob, 300, transfer_group="week-2")

    def ids(**filters: Any) -> list[str]:
        return [one["id"] for one in wire.get("/v1/transfers", **filters)["data"]]

    assert ids() == [third["id"], second["id"], first["id"]]
    assert ids(destination=bob) == [third["id"], second["id"]]
    assert ids(transfer_group="week-1") == [second["id"], first["id"]]
    assert ids(limit=1, starting_after=third["id"]) == [second["id"]]
    assert ids(limit=1, ending_before=first["id"]) == [second["id"]]
    source = wire.get("/v1/balance_transactions", type="transfer", limit=1, raw={"expand[]": "data.source"})
    assert source["data"][0]["source"]["id"] == third["id"]


def test_senseless_orders_about_hosts_say_why(wire: Wire, world: World) -> None:
    ref = host(wire)

    for order in ({"account": "acct_none", "state": "enabled"}, {"account": ref, "state": "happy"}, {}):
        with pytest.raises(BadOrder):
            world.stripe.order(orders.host, order)


def test_currencies_of_settlement_are_a_setting(time: Any) -> None:
    settings = Settings(stripe_settlement=("uzs",))
    wire = Wire(World(settings, real=time))

    wire.paid(900_000_00, "uzs")

    pending = wire.get("/v1/balance")["pending"]
    assert [(one["currency"], one["amount"]) for one in pending] == [("uzs", 87_389_970)]


def test_hosts_disputes_and_files_survive_a_restart(wire: Wire, world: World, time: Any) -> None:
    rich(wire)
    ref = host(wire)
    transfer = send(wire, ref)
    wire.paid(7_000, "eur", "4000000000000259")
    dispute = wire.get("/v1/disputes")["data"][0]
    wire.post(f"/v1/disputes/{dispute['id']}", raw={"evidence[uncategorized_text]": "winning_evidence"})

    second = World(world.settings, real=time)
    second.restore(json.loads(json.dumps(world.snapshot())))
    again = Wire(second)
    second.advance(2)

    assert again.get(f"/v1/disputes/{dispute['id']}")["status"] == "won"
    assert again.post(f"/v1/transfers/{transfer['id']}/reversals")["amount"] == 5_000
    assert second.books()["stripe"]["effects"]["dispute_won"] == 1


# --- the platform's own balance ---------------------------------------------------------------------------------


@pytest.fixture
def fresh(time: Any) -> Wire:
    """A new account as Stripe gives it: one bank account, paid out to every night."""
    return Wire(World(Settings(), real=time))


def test_new_account_settles_in_one_currency_and_is_emptied_every_night(fresh: Wire) -> None:
    fresh.paid(10_000, "eur")
    fresh.world.advance(2 * DAY - 60)
    before = fresh.get("/v1/balance")

    fresh.world.advance(DAY)

    after = fresh.get("/v1/balance")
    [made] = fresh.get("/v1/payouts")["data"]
    [pending] = before["pending"]
    assert [(one["currency"], one["amount"]) for one in after["available"]] == [("usd", 0)]
    assert (made["amount"], made["currency"], made["automatic"]) == (pending["amount"], "usd", True)
    [movement] = fresh.get("/v1/balance_transactions", type="payout")["data"]
    assert (movement["net"], movement["id"]) == (-made["amount"], made["balance_transaction"])
    assert fresh.get("/v1/account")["settings"]["payouts"]["schedule"]["interval"] == "daily"


def test_payouts_by_hand_leave_the_balance_where_it_is(fresh: Wire) -> None:
    fresh.world.stripe.order(orders.host, {"account": "platform", "schedule": "manual"})
    fresh.paid(10_000, "usd")

    fresh.world.advance(30 * DAY)

    assert fresh.get("/v1/payouts")["data"] == []
    assert [one["amount"] for one in fresh.get("/v1/balance")["available"]] == [9_680]
    assert fresh.get("/v1/account")["settings"]["payouts"]["schedule"]["interval"] == "manual"


def test_schedule_chosen_again_pays_out_what_has_gathered(fresh: Wire) -> None:
    fresh.world.stripe.order(orders.host, {"account": "platform", "schedule": "manual"})
    fresh.paid(10_000, "usd")
    fresh.world.advance(30 * DAY)

    fresh.world.stripe.order(orders.host, {"account": "platform", "schedule": "daily"})
    fresh.world.advance(DAY)

    assert [one["amount"] for one in fresh.get("/v1/payouts")["data"]] == [9_680]
