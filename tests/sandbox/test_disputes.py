"""Disputes in process: raised, answered, won, lost; what they withdraw and what they forbid."""

from typing import Any

import pytest

from sandbox.orders import BadOrder
from sandbox.stripe import orders
from sandbox.world import World
from tests.sandbox.wire import AUTH, Wire

FRAUD = "4000000000000259"
NOT_RECEIVED = "4000000000002685"
INQUIRY = "4000000000001976"
DAY = 86_400


def disputed(wire: Wire, card: str = FRAUD, amount: int = 10_000) -> Any:
    wire.paid(amount, "eur", card)
    return wire.get("/v1/disputes")["data"][0]


def fresh(wire: Wire, dispute: Any) -> Any:
    return wire.get(f"/v1/disputes/{dispute['id']}")


def answer(wire: Wire, dispute: Any, text: str, **more: Any) -> Any:
    raw = {"evidence[uncategorized_text]": text}
    return wire.post(f"/v1/disputes/{dispute['id']}", raw=raw, **more)


def test_disputing_card_is_disputed_at_capture_before_success_is_told(wire: Wire, world: World) -> None:
    intent = wire.held(10_000, "eur", FRAUD)
    assert wire.get("/v1/disputes")["data"] == []

    wire.post(f"/v1/payment_intents/{intent['id']}/capture", amount_to_capture=6_000)

    assert wire.events()[-4:] == [
        "charge.captured",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "payment_intent.succeeded",
    ]
    dispute = wire.get("/v1/disputes", payment_intent=intent["id"])["data"][0]
    assert (dispute["reason"], dispute["status"], dispute["amount"]) == (
        "fraudulent",
        "needs_response",
        6_000,
    )
    assert dispute["is_charge_refundable"] is False
    assert dispute["evidence_details"]["due_by"] == world.clock.now() + 9 * DAY
    transaction = dispute["balance_transactions"][0]
    assert (transaction["amount"], transaction["fee"], transaction["net"]) == (-6_000, 1_500, -7_500)
    assert (transaction["type"], transaction["reporting_category"]) == ("adjustment", "dispute")
    charge = wire.charge_of(intent)
    assert (charge["disputed"], charge["dispute"]) == (True, dispute["id"])


def test_charge_taken_at_once_is_disputed_too(wire: Wire) -> None:
    dispute = disputed(wire, NOT_RECEIVED)

    assert dispute["reason"] == "product_not_received"
    assert wire.events()[1:5] == [
        "charge.succeeded",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "payment_intent.succeeded",
    ]


def test_winning_evidence_brings_the_money_back_but_not_the_fee(wire: Wire, world: World) -> None:
    dispute = disputed(wire)

    submitted = answer(wire, dispute, "winning_evidence", submit="true")
    assert submitted["status"] == "under_review"
    assert submitted["evidence_details"]["submission_count"] == 1
    assert wire.events()[-2:] == ["charge.dispute.updated", "charge.updated"]
    world.advance(2)

    dispute = fresh(wire, dispute)
    assert dispute["status"] == "won"
    assert [one["net"] for one in dispute["balance_transactions"]] == [-11_500, 10_000]
    assert dispute["balance_transactions"][1]["reporting_category"] == "dispute_reversal"
    events = [one for one in wire.events() if one.startswith("charge.dispute")]
    assert events[-2:] == ["charge.dispute.funds_reinstated", "charge.dispute.closed"]
    books = world.books()["stripe"]
    assert (books["disputes"][0]["status"], books["disputes"][0]["withdrawn_minor"]) == ("won", 0)
    assert (books["effects"]["dispute"], books["effects"]["dispute_won"]) == (1, 1)


def test_losing_evidence_loses_and_the_charge_stays_disputed(wire: Wire, world: World) -> None:
    dispute = disputed(wire)

    answer(wire, dispute, "losing_evidence")
    world.advance(2)

    assert fresh(wire, dispute)["status"] == "lost"
    assert len(fresh(wire, dispute)["balance_transactions"]) == 1
    assert wire.get(f"/v1/charges/{dispute['charge']}")["disputed"] is True
    books = world.books()["stripe"]["disputes"][0]
    assert (books["reference"], books["withdrawn_minor"]) == ("RH-TEST1", 10_000)
    assert wire.error("POST", "/v1/refunds", 400, charge=dispute["charge"])["code"] == "charge_disputed"


def test_evidence_is_staged_until_it_is_submitted_and_then_fixed(wire: Wire) -> None:
    dispute = disputed(wire)

    staged = answer(wire, dispute, "Ada stayed for two nights.", submit="false")
    assert (staged["status"], staged["evidence_details"]["has_evidence"]) == ("needs_response", True)
    submitted = wire.post(f"/v1/disputes/{dispute['id']}", submit="true")
    assert submitted["status"] == "under_review"
    assert submitted["evidence"]["uncategorized_text"] == "Ada stayed for two nights."

    late = {"evidence[uncategorized_text]": "winning_evidence"}
    wire.error("POST", f"/v1/disputes/{dispute['id']}", 400, raw=late)
    assert fresh(wire, dispute)["status"] == "under_review"


def test_plain_evidence_does_not_convince_the_bank(wire: Wire, world: World) -> None:
    dispute = disputed(wire)
    answer(wire, dispute, "Ada stayed for two nights.")

    world.advance(10 * DAY)
    assert fresh(wire, dispute)["status"] == "under_review"
    world.advance(50 * DAY)

    assert fresh(wire, dispute)["status"] == "lost"


def test_unanswered_dispute_is_lost_at_its_deadline(wire: Wire, world: World) -> None:
    dispute = disputed(wire)

    world.advance(9 * DAY - 1)
    assert fresh(wire, dispute)["status"] == "needs_response"
    world.advance(1)

    dispute = fresh(wire, dispute)
    assert (dispute["status"], dispute["evidence_details"]["past_due"]) == ("lost", True)
    assert wire.events()[-1] == "charge.dispute.closed"


def test_accepted_dispute_is_lost_and_closed_for_good(wire: Wire) -> None:
    dispute = disputed(wire)

    assert wire.post(f"/v1/disputes/{dispute['id']}/close")["status"] == "lost"

    wire.error("POST", f"/v1/disputes/{dispute['id']}/close", 400)
    wire.error("POST", f"/v1/disputes/{dispute['id']}", 400, raw={"metadata[a]": "b"})
    assert wire.world.books()["stripe"]["effects"]["dispute_lost"] == 1


def test_open_dispute_forbids_refunds_and_a_won_one_allows_them(wire: Wire, world: World) -> None:
    dispute = disputed(wire)
    refused = wire.error("POST", "/v1/refunds", 400, payment_intent=dispute["payment_intent"])
    assert refused["code"] == "charge_disputed"
    assert wire.get("/v1/refunds")["data"] == []

    answer(wire, dispute, "winning_evidence")
    world.advance(2)

    assert wire.post("/v1/refunds", payment_intent=dispute["payment_intent"])["amount"] == 10_000


def test_inquiry_takes_nothing_and_is_settled_by_a_refund(wire: Wire) -> None:
    dispute = disputed(wire, INQUIRY)
    assert (dispute["status"], dispute["is_charge_refundable"]) == ("warning_needs_response", True)
    assert dispute["balance_transactions"] == []
    assert "charge.dispute.funds_withdrawn" not in wire.events()

    wire.post("/v1/refunds", payment_intent=dispute["payment_intent"], amount=4_000)
    assert fresh(wire, dispute)["status"] == "warning_needs_response"
    wire.post("/v1/refunds", payment_intent=dispute["payment_intent"])

    assert fresh(wire, dispute)["status"] == "warning_closed"


def test_escalated_inquiry_becomes_a_chargeback_to_be_answered_anew(wire: Wire, world: World) -> None:
    dispute = disputed(wire, INQUIRY)
    answer(wire, dispute, "escalate_inquiry_evidence")
    assert fresh(wire, dispute)["status"] == "warning_under_review"
    world.advance(2)

    dispute = fresh(wire, dispute)
    assert (dispute["status"], dispute["is_charge_refundable"]) == ("needs_response", False)
    assert [one["net"] for one in dispute["balance_transactions"]] == [-11_500]
    assert wire.events()[-1] == "charge.dispute.funds_withdrawn"
    answer(wire, dispute, "winning_evidence")
    world.advance(2)
    assert fresh(wire, dispute)["status"] == "won"


def test_unanswered_inquiry_is_closed_without_loss(wire: Wire, world: World) -> None:
    dispute = disputed(wire, INQUIRY)

    world.advance(9 * DAY)

    assert fresh(wire, dispute)["status"] == "warning_closed"
    assert world.books()["stripe"]["disputes"][0]["withdrawn_minor"] == 0


def test_dispute_ordered_for_any_captured_payment(wire: Wire, world: World) -> None:
    intent = wire.paid(10_000, "eur")
    wire.post("/v1/refunds", payment_intent=intent["id"], amount=1_000)

    made = world.stripe.order(orders.dispute, {"payment_intent": intent["id"], "reason": "duplicate"})
    assert (made["amount"], made["reason"], made["status"]) == (9_000, "duplicate", "needs_response")
    won = world.stripe.order(orders.dispute, {"payment_intent": intent["id"], "resolve": "won"})

    assert won["status"] == "won"
    assert wire.get("/v1/events")["data"][0]["request"] == {"id": None, "idempotency_key": None}


@pytest.mark.parametrize(
    "order",
    [
        {"payment_intent": "pi_none"},
        {"reason": "because"},
        {"amount_minor": 10_001},
        {"amount_minor": 0},
        {"resolve": "won"},
        {"resolve": "perhaps"},
        {"dispute": "du_none", "resolve": "won"},
    ],
)
def test_senseless_dispute_orders_say_why(wire: Wire, world: World, order: dict[str, Any]) -> None:
    intent = wire.paid(10_000, "eur")

    with pytest.raises(BadOrder):
        world.stripe.order(orders.dispute, {"payment_intent": intent["id"], **order})

    assert wire.get("/v1/disputes")["data"] == []


def test_held_money_cannot_be_disputed(wire: Wire, world: World) -> None:
    intent = wire.held(10_000, "eur")

    with pytest.raises(BadOrder, match="nothing to dispute"):
        world.stripe.order(orders.dispute, {"payment_intent": intent["id"]})


def test_disputed_twice_only_after_the_first_was_won(wire: Wire, world: World) -> None:
    dispute = disputed(wire)
    order = {"payment_intent": dispute["payment_intent"]}
    with pytest.raises(BadOrder, match="disputed already"):
        world.stripe.order(orders.dispute, order)
    world.stripe.order(orders.dispute, {**order, "resolve": "won"})

    again = world.stripe.order(orders.dispute, order)

    assert (again["id"] != dispute["id"], again["status"]) == (True, "needs_response")


def test_evidence_needs_files_that_exist_and_fields_that_are_known(wire: Wire) -> None:
    dispute = disputed(wire)
    path = f"/v1/disputes/{dispute['id']}"

    missing = wire.error("POST", path, 400, raw={"evidence[receipt]": "file_none"})
    unknown = wire.error("POST", path, 400, raw={"evidence[hearsay]": "He said so"})
    long = wire.error("POST", path, 400, raw={"evidence[uncategorized_text]": "a" * 150_001})

    assert (missing["code"], missing["param"]) == ("resource_missing", "evidence[receipt]")
    assert unknown["code"] == "parameter_unknown"
    assert long["param"] == "evidence[uncategorized_text]"
    assert fresh(wire, dispute)["evidence_details"]["has_evidence"] is False


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x\r\n\r\n--x--"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\na\r\n--x--'),
        ("multipart/form-data; boundary=x",
         b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--x\r\n'
         b'Content-Disposition: form-data; name="purpose"\r\n\r\ndispute_evidence\r\n--x--\r\n'),
        ("application/x-www-form-urlencoded", b"purpose=dispute_evidence&file=text"),
    ],
)  # fmt: skip
def test_malformed_upload_is_refused(wire: Wire, content_type: str, body: bytes) -> None:
    headers = {**AUTH, "Content-Type": content_type}

    response = wire.engine.handle("POST", "/v1/files", "", headers, body)

    assert (response.status, response.json()["error"]["type"]) == (400, "invalid_request_error")
    assert wire.get("/v1/files")["data"] == []
