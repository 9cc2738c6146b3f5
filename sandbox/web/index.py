"""The page at /: what the sandbox holds, and how its webhooks fare."""

from datetime import UTC, datetime
from typing import Any

from sandbox.markup import Markup, element, joined, render
from sandbox.octo import money
from sandbox.stripe.currencies import formatted
from sandbox.world import World

Json = dict[str, Any]
SHOWN = 60
COLORS = {
    "succeeded": "good", "delivered": "good", "held": "wait", "requires_capture": "wait", "open": "wait",
    "queued": "wait", "sending": "wait", "requires_action": "wait", "failed": "bad", "dropped": "bad",
    "canceled": "dull", "expired": "dull", "created": "wait", "wait_user_action": "wait",
    "waiting_for_capture": "wait", "needs_response": "wait", "under_review": "wait", "won": "good", "lost": "bad",
    "warning_needs_response": "wait", "warning_under_review": "wait", "warning_closed": "dull",
}  # fmt: skip


def index_page(world: World) -> str:
    with world.stripe.engine.lock:
        world.tick()
        content = render(
            "index.html",
            now=_moment(world.clock.now()),
            offset=_length(world.clock.offset),
            faults=", ".join(f"{one.provider} {one.operation}: {one.fault}" for one in world.faults.faults)
            or "none",
            webhooks=world.outbox.travel.mode,
            payments=_payments(world),
            sessions=_sessions(world),
            disputes=_disputes(world),
            transfers=_transfers(world),
            events=_events(world),
            messages=_messages(world),
            octo=_octo(world),
        )
    return render("page.html", title="Sandbox", stylesheet="index.css", content=content)


def _newest(world: World, kind: str) -> list[Json]:
    """The latest of Stripe's objects of one kind, of both modes, the newest first; those of one second as made."""
    found = [one for account in world.stripe.accounts for one in list(account.all(kind).values())[-SHOWN:]]
    return sorted(found, key=lambda one: one["created"])[: -SHOWN - 1 : -1]


def _payments(world: World) -> Markup:
    known = {payment["id"]: payment for payment in world.stripe.books()["payments"]}
    rows = []
    for intent in _newest(world, "payment_intent"):
        payment = known[intent["id"]]
        money = [formatted(payment[name], payment["currency"])
                 for name in ("authorized_minor", "captured_minor", "refunded_minor")]  # fmt: skip
        rows.append([
            _moment(intent["created"]), payment["mode"], payment["id"], payment["reference"] or "–",
            _badge(intent["status"], _in_words(payment)), *money,
        ])  # fmt: skip
    heads = ["When", "Mode", "Payment", "Booking", "State", "Authorized", "Captured", "Refunded"]
    return _table("Payments", heads, rows)


def _in_words(payment: Json) -> str:
    if payment["status"] == "requires_capture":
        return "held"
    if payment["status"] == "succeeded":
        if not payment["refunded_minor"]:
            return "captured"
        is_all = payment["refunded_minor"] >= payment["captured_minor"]
        return "refunded" if is_all else "partly refunded"
    if payment["status"] == "canceled":
        return "released" if payment["authorized_minor"] else "canceled"
    return str(payment["status"]).replace("_", " ")


def _sessions(world: World) -> Markup:
    rows = []
    for session in _newest(world, "checkout.session"):
        ref = (
            element("a", f"{session['id'][:18]}…", href=session["url"])
            if session["url"]
            else session["id"][:18] + "…"
        )
        rows.append([
            _moment(session["created"]), ref, session["client_reference_id"] or "–",
            formatted(session["amount_total"], session["currency"]),
            _badge(session["status"], session["status"]), session["payment_status"],
            _moment(session["expires_at"]),
        ])  # fmt: skip
    return _table(
        "Checkout sessions", ["When", "Session", "For", "Amount", "State", "Payment", "Expires"], rows
    )


def _disputes(world: World) -> Markup:
    rows = []
    for one in _newest(world, "dispute"):
        due_by = one["evidence_details"]["due_by"]
        rows.append([
            _moment(one["created"]), one["id"], one["payment_intent"], one["reason"].replace("_", " "),
            formatted(one["amount"], one["currency"]), _badge(one["status"], one["status"].replace("_", " ")),
            _moment(due_by),
        ])  # fmt: skip
    return _table("Disputes", ["When", "Dispute", "Payment", "Reason", "Amount", "State", "Answer by"], rows)


def _transfers(world: World) -> Markup:
    rows = []
    for one in _newest(world, "transfer"):
        sums = [formatted(one[name], one["currency"]) for name in ("amount", "amount_reversed")]
        rows.append(
            [_moment(one["created"]), one["id"], one["destination"], one["transfer_group"] or "–", *sums]
        )
    return _table("Transfers", ["When", "Transfer", "Host", "Group", "Amount", "Fetched back"], rows)


def _octo(world: World) -> Markup:
    gateway = world.octo.gateway
    rows = []
    for one in list(gateway.payments.values())[: -SHOWN - 1 : -1]:
        amounts = (one.total_minor, one.authorized_minor, one.captured_minor, one.refunded_minor)
        rows.append([
            _moment(one.created_at), element("a", one.uuid[:13] + "…", href=gateway.page_url(one)),
            "test" if one.is_test else "live", one.transaction_id, _badge(one.status, one.status.replace("_", " ")),
            *(money.formatted(amount, one.currency) for amount in amounts),
        ])  # fmt: skip
    heads = [
        "When",
        "Payment",
        "Mode",
        "Transaction",
        "State",
        "Amount",
        "Authorized",
        "Captured",
        "Refunded",
    ]
    return _table("Octo payments", heads, rows)


def _events(world: World) -> Markup:
    rows = []
    for event in _newest(world, "event"):
        messages = world.outbox.of(event["id"])
        state = joined([_badge(one.status, f"{one.status} ({one.attempts}, {one.last_answer or 'not yet'})")
                        for one in messages])  # fmt: skip
        subject = event["data"]["object"]["id"]
        rows.append(
            [_moment(event["created"]), event["type"], subject[:27], event["id"], state or "not sent"]
        )
    return _table("Events", ["When", "Type", "Object", "Event", "Delivery"], rows)


def _messages(world: World) -> Markup:
    rows = [
        [one["channel"], one["event"], str(one["data"])[:120], one["receivers"]]
        for one in world.pusher.triggered()[: -SHOWN - 1 : -1]
    ]
    return _table("Live updates", ["Channel", "Event", "Data", "Receivers"], rows)


def _table(title: str, heads: list[str], rows: list[list[Any]]) -> Markup:
    if not rows:
        return joined([element("h2", title), element("p", "Nothing yet.", class_="none")])
    head = element("tr", joined([element("th", one, scope="col") for one in heads]))
    body = joined([element("tr", joined([element("td", cell) for cell in row])) for row in rows])
    table = element("table", joined([element("thead", head), element("tbody", body)]))
    return joined([element("h2", title), element("div", table, class_="scroll", tabindex="0", role="region",
                                                 aria_label=title)])  # fmt: skip


def _badge(status: str, words: str) -> Markup:
    return element("span", words, class_=f"badge {COLORS.get(status, 'dull')}")


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _length(seconds: int) -> str:
    if not seconds:
        return "real time"
    days, rest = divmod(seconds, 86_400)
    return f"{days} d {rest // 3_600} h {rest % 3_600 // 60} min ahead"
