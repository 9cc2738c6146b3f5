"""The wire's rules in process: encodings, keys, unknown and wrong parameters, expansion, lists."""

import base64
from typing import Any

import pytest

from sandbox.world import World
from tests.sandbox.conftest import Time
from tests.sandbox.wire import AUTH, Wire, session_form

SESSIONS = "/v1/checkout/sessions"


def refused(wire: Wire, status: int = 400, **changes: Any) -> Any:
    """The error of a session form with some lines changed; None takes a line out."""
    form = {name: value for name, value in {**session_form(5_000), **changes}.items() if value is not None}
    error = wire.error("POST", SESSIONS, status, raw=form)
    assert wire.get(SESSIONS)["data"] == []
    return error


def test_unknown_parameters_are_refused_by_name(wire: Wire) -> None:
    error = refused(wire, **{"line_items[0][prize]": "1"})

    assert (error["code"], error["param"]) == ("parameter_unknown", "line_items[0][prize]")
    assert error["message"] == "Received unknown parameter: line_items[0][prize]"
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize("path", [SESSIONS, "/v1/payment_intents"])
def test_payment_method_types_are_no_longer_taken(wire: Wire, path: str) -> None:
    form = {"amount": 500, "currency": "usd"} if path.endswith("intents") else session_form(5_000)

    error = wire.error("POST", path, 400, raw={**form, "payment_method_types[0]": "card"})

    assert error["code"] == "payment_method_types_no_longer_supported"


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"mode": None}, "mode", "parameter_missing"),
        ({"success_url": None}, "success_url", "parameter_missing"),
        ({"line_items[0][quantity]": None}, "line_items[0][quantity]", "parameter_missing"),
        (
            {"line_items[0][price_data][unit_amount]": "10.50"},
            "line_items[0][price_data][unit_amount]",
            "parameter_invalid_integer",
        ),
        ({"line_items[0][price_data][currency]": "xyz"}, "line_items[0][price_data][currency]", None),
        ({"payment_intent_data[capture_method]": "later"}, "payment_intent_data[capture_method]", None),
        ({"success_url": "javascript:alert(1)"}, "success_url", "url_invalid"),
        ({"customer_email": "nobody"}, "customer_email", "email_invalid"),
        ({"expires_at": "soon"}, "expires_at", "parameter_invalid_integer"),
        ({"automatic_tax[enabled]": "true"}, "automatic_tax", None),
        ({"line_items[0][price_data][unit_amount]": "100000000"}, "line_items", "amount_too_large"),
    ],
)
def test_wrong_parameters_are_named(
    wire: Wire, changes: dict[str, Any], param: str, code: str | None
) -> None:
    error = refused(wire, **changes)

    assert (error["param"], error.get("code")) == (param, code)


@pytest.mark.parametrize(
    ("currency", "too_small", "enough"),
    [("usd", 49, 50), ("gbp", 29, 30), ("jpy", 49, 50), ("uzs", 593_000, 600_000), ("kwd", 140, 160)],
)
def test_checkout_has_a_minimum_by_currency(wire: Wire, currency: str, too_small: int, enough: int) -> None:
    error = refused(
        wire,
        **{
            "line_items[0][price_data][currency]": currency,
            "line_items[0][price_data][unit_amount]": too_small,
        },
    )

    assert error["code"] == "amount_too_small"
    assert wire.session(enough, currency)["amount_total"] == enough


def test_bare_intent_below_the_minimum_is_taken(wire: Wire) -> None:
    assert wire.post("/v1/payment_intents", amount=40, currency="usd")["amount"] == 40


def test_odd_last_digits_of_three_decimal_currencies_are_refused(wire: Wire) -> None:
    error = wire.error("POST", "/v1/payment_intents", 400, amount=10_001, currency="kwd")

    assert error["param"] == "amount"


def test_expires_at_is_judged_by_the_sandbox_clock(wire: Wire, world: World) -> None:
    world.advance(10 * 86_400)
    now = world.clock.now()

    assert refused(wire, expires_at=now + 1_799)["param"] == "expires_at"
    assert refused(wire, expires_at=now + 86_401)["param"] == "expires_at"
    session = wire.post(SESSIONS, raw={**session_form(5_000), "expires_at": now + 1_800})
    default = wire.session()

    assert (session["created"], session["expires_at"]) == (now, now + 1_800)
    assert default["expires_at"] == now + 86_400


def test_brackets_may_be_encoded_or_not(wire: Wire) -> None:
    body = b"amount=500&currency=usd&metadata[a]=1&metadata%5Bb%5D=caf%C3%A9+%26+more&expand%5B%5D=customer"

    response = wire.engine.handle("POST", "/v1/payment_intents", "", AUTH, body)

    assert response.status == 200
    assert response.json()["metadata"] == {"a": "1", "b": "café & more"}


@pytest.mark.parametrize(
    "body",
    [
        b"metadata=1&metadata[a]=2",
        b"metadata[a]=2&metadata[a][b]=1",
        b"metadata[a][b]=1&metadata[a]=2",
        b"metadata[a=2",
        b"metadata" + b"[a]" * 50 + b"=1",
        b"&".join(b"metadata[%d]=1" % number for number in range(1_001)),
        b"amount=500&currency=usd&metadata[0][a]=1",
        b"\xff\xfe",
    ],
)
def test_garbled_bodies_are_refused(wire: Wire, body: bytes) -> None:
    response = wire.engine.handle("POST", "/v1/payment_intents", "", AUTH, body)

    assert response.status == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_basic_authorization_is_taken(wire: Wire) -> None:
    login = base64.b64encode(b"sk_test_basic:").decode()

    assert wire.engine.handle("GET", "/v1/balance", "", {"Authorization": f"Basic {login}"}).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer sk_lost_123456"}, 401),
        ({"Authorization": "Basic !!"}, 401),
        ({**AUTH, "Stripe-Account": "acct_other"}, 403),
    ],
)
def test_strangers_get_a_json_error(wire: Wire, headers: dict[str, str], status: int) -> None:
    response = wire.engine.handle("GET", "/v1/balance", "", headers)

    assert response.status == status
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert "sk_lost_123456" not in response.body.decode()


def test_unknown_urls_answer_json(wire: Wire) -> None:
    error = wire.error("GET", "/v1/nothing/here", 404)

    assert error["message"] == "Unrecognized request URL (GET: /v1/nothing/here)."


@pytest.mark.parametrize(
    ("path", "param"),
    [
        ("/v1/checkout/sessions/cs_test_x", "session"),
        ("/v1/payment_intents/pi_x", "intent"),
        ("/v1/charges/ch_x", "id"),
        ("/v1/refunds/re_x", "refund"),
    ],
)
def test_missing_objects_are_404(wire: Wire, path: str, param: str) -> None:
    error = wire.error("GET", path, 404)

    assert (error["code"], error["param"]) == ("resource_missing", param)


def test_answers_carry_the_usual_headers(wire: Wire) -> None:
    headers = {**AUTH, "Stripe-Version": "2025-01-01.acacia", "Idempotency-Key": "k1"}
    response = wire.engine.handle("POST", "/v1/payment_intents", "", headers, b"amount=500&currency=usd")

    assert response.headers["Stripe-Version"] == "2025-01-01.acacia"
    assert response.headers["Request-Id"].startswith("req_")
    assert response.headers["Idempotency-Key"] == "k1"
    assert response.headers["Original-Request"] == response.headers["Request-Id"]
    assert response.headers["Stripe-Should-Retry"] == "false"
    assert "Idempotent-Replayed" not in response.headers


def test_expansion_reaches_four_levels(wire: Wire) -> None:
    intent = wire.paid()
    wire.post("/v1/refunds", payment_intent=intent["id"], amount=100)

    found = wire.get(SESSIONS, raw={"expand[0]": "data.payment_intent.latest_charge.refunds"})

    charge = found["data"][0]["payment_intent"]["latest_charge"]
    assert [refund["amount"] for refund in charge["refunds"]["data"]] == [100]
    assert charge["refunds"]["object"] == "list"


def test_several_expansions_share_a_branch(wire: Wire) -> None:
    intent = wire.paid()
    wire.post("/v1/refunds", payment_intent=intent["id"])
    raw = {
        "expand[0]": "latest_charge.refunds.data.balance_transaction",
        "expand[1]": "latest_charge.balance_transaction",
        "expand[2]": "customer",
    }

    charge = wire.get(f"/v1/payment_intents/{intent['id']}", raw=raw)["latest_charge"]

    assert charge["balance_transaction"]["type"] == "charge"
    assert charge["refunds"]["data"][0]["balance_transaction"]["type"] == "refund"


@pytest.mark.parametrize("path", ["nonsense", "payment_intent.amount", "a.b.c.d.e", "data.payment_intent"])
def test_impossible_expansions_are_refused(wire: Wire, path: str) -> None:
    session = wire.session()

    error = wire.error("GET", f"{SESSIONS}/{session['id']}", 400, raw={"expand[0]": path})

    assert error["param"] == "expand"


def test_refused_expansion_of_a_post_does_nothing(wire: Wire) -> None:
    wire.error("POST", SESSIONS, 400, raw={**session_form(5_000), "expand[0]": "nonsense"})

    assert wire.get(SESSIONS)["data"] == []


def test_lists_are_newest_first_and_walked_by_cursor(wire: Wire, time: Time) -> None:
    made = []
    for _ in range(5):
        time.seconds += 10
        made.append(wire.session()["id"])
    newest = made[::-1]

    page = wire.get(SESSIONS, limit=2)
    following = wire.get(SESSIONS, limit=2, starting_after=newest[1])
    before = wire.get(SESSIONS, limit=2, ending_before=newest[3])

    assert ([one["id"] for one in page["data"]], page["has_more"]) == (newest[:2], True)
    assert page["url"] == SESSIONS
    assert [one["id"] for one in following["data"]] == newest[2:4]
    assert ([one["id"] for one in before["data"]], before["has_more"]) == (newest[1:3], True)
    assert wire.get(SESSIONS, limit=5)["has_more"] is False
    assert wire.error("GET", SESSIONS, 400, limit=101)["param"] == "limit"
    assert wire.error("GET", SESSIONS, 400, starting_after="cs_test_gone")["code"] == "resource_missing"


def test_lists_are_filtered(wire: Wire, time: Time) -> None:
    first = wire.paid()
    time.seconds += 100
    second = wire.held()
    refund = wire.post("/v1/refunds", payment_intent=first["id"])

    late = wire.get("/v1/payment_intents", raw={"created[gte]": int(time.seconds)})["data"]
    early = wire.get("/v1/payment_intents", raw={"created[lt]": int(time.seconds)})["data"]

    assert [one["id"] for one in late] == [second["id"]]
    assert [one["id"] for one in early] == [first["id"]]
    assert wire.get("/v1/refunds", payment_intent=second["id"])["data"] == []
    assert [one["id"] for one in wire.get("/v1/refunds", charge=first["latest_charge"])["data"]] == [
        refund["id"]
    ]
    assert [one["id"] for one in wire.get("/v1/charges", payment_intent=second["id"])["data"]] == [
        second["latest_charge"]
    ]
    assert len(wire.get(SESSIONS, status="complete")["data"]) == 2


def test_line_items_are_listed_in_order(wire: Wire) -> None:
    second = {
        "line_items[1][quantity]": 2,
        "line_items[1][price_data][currency]": "usd",
        "line_items[1][price_data][unit_amount]": 700,
        "line_items[1][price_data][product_data][name]": "Breakfast",
    }
    session = wire.post(SESSIONS, raw={**session_form(5_000), **second})

    lines = wire.get(f"{SESSIONS}/{session['id']}/line_items")["data"]

    assert session["amount_total"] == 6_400
    assert [(one["description"], one["amount_total"]) for one in lines] == [
        ("Sea room, 2 nights", 5_000),
        ("Breakfast", 1_400),
    ]


def test_metadata_is_merged_and_cleared(wire: Wire) -> None:
    intent = wire.post(
        "/v1/payment_intents", amount=500, currency="usd", raw={"metadata[a]": 1, "metadata[7]": 2}
    )
    path = f"/v1/payment_intents/{intent['id']}"

    assert intent["metadata"] == {"a": "1", "7": "2"}
    assert wire.post(path, raw={"metadata[a]": "", "metadata[c]": 3})["metadata"] == {"7": "2", "c": "3"}
    assert wire.post(path, metadata="")["metadata"] == {}


def test_decimal_amounts_are_refused(wire: Wire) -> None:
    error = wire.error("POST", "/v1/payment_intents", 400, amount="10.0", currency="usd")

    assert (error["code"], error["param"]) == ("parameter_invalid_integer", "amount")
