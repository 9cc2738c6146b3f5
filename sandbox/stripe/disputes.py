"""Disputes: raised by the cardholder's bank, answered with evidence, won, lost, or closed.

A chargeback withdraws the money at once; an inquiry only asks, and may become a chargeback.
"""

from typing import Any

from sandbox.stripe import balance, dispute_shapes, schema, shapes
from sandbox.stripe.account import Account, copied
from sandbox.stripe.errors import StripeError, invalid, refused
from sandbox.stripe.schema import boolean, shape, text, unsimulated

Json = dict[str, Any]
RESPONSE_SECONDS = 9 * shapes.DAY
VERDICT_SECONDS = 2  # evidence with a magic word is judged soon
REVIEW_SECONDS = 60 * shapes.DAY  # any other only after what banks take; it does not convince them
LONGEST_EVIDENCE = 150_000  # characters of all texts together
WAITING = ("needs_response", "warning_needs_response")
REVIEWED = ("under_review", "warning_under_review")
CLOSED = ("won", "lost", "warning_closed")
OUTCOMES = ("won", "lost", "escalated", "closed")
WORDS = {"winning_evidence": "won", "losing_evidence": "lost", "escalate_inquiry_evidence": "escalated"}

EVIDENCE = {
    **dict.fromkeys((*dispute_shapes.TEXTS, *dispute_shapes.FILES), text(LONGEST_EVIDENCE)),
    "enhanced_evidence": unsimulated,
}
UPDATE = {"evidence": shape(EVIDENCE), "metadata": schema.metadata, "submit": boolean}


def create(
    account: Account, charge: Json, reason: str, amount: int | None = None, *, is_inquiry: bool = False
) -> Json:
    """The bank disputes a captured charge, all that was not refunded unless `amount` says less.

    Raises: StripeError when there is nothing to dispute, or it is disputed already.
    """
    amount = _disputable(account, charge, amount)
    dispute = dispute_shapes.dispute(
        account.new_id("du_"), account.now, charge, amount, reason, is_inquiry=is_inquiry
    )
    account.add(dispute)
    account.link(charge["id"], dispute["id"])
    charge.update(disputed=True, dispute=dispute["id"])
    account.count("dispute")
    _give_time(account, dispute)
    if not is_inquiry:
        balance.book_dispute(account, dispute, is_withdrawal=True)
    account.emit("charge.dispute.created", dispute)
    if not is_inquiry:
        account.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def raise_for_card(account: Account, charge: Json, behavior: str) -> None:
    """Dispute a charge just captured where its test card does so; `behavior` is the card's."""
    if behavior:
        is_inquiry = behavior == "inquiry"
        create(account, charge, "fraudulent" if is_inquiry else behavior, is_inquiry=is_inquiry)


def retrieve(account: Account, params: Json, ref: str) -> Json:
    return account.get("dispute", ref, "dispute")


def update(account: Account, params: Json, ref: str) -> Json:
    """Stage evidence, or hand it in, which can be done once."""
    dispute = account.get("dispute", ref, "dispute")
    if dispute["status"] in CLOSED:
        raise refused("This dispute is already closed")
    evidence = {name: one for name, one in params.get("evidence", {}).items() if name != "enhanced_evidence"}
    is_handed_in = params.get("submit", bool(evidence))
    if dispute["status"] in REVIEWED and (evidence or is_handed_in):
        raise refused("This dispute has already been submitted and cannot be updated")
    _check_evidence(account, dispute, evidence)
    before = copied({name: dispute[name] for name in ("evidence", "evidence_details", "status")})
    dispute["metadata"] = schema.merged(dispute["metadata"], params.get("metadata"))
    dispute["evidence"].update(evidence)
    texts = [one for name, one in dispute["evidence"].items() if name != "enhanced_evidence"]
    dispute["evidence_details"]["has_evidence"] = any(texts)
    if is_handed_in:
        _hand_in(account, dispute)
    account.emit("charge.dispute.updated", dispute, before)
    if is_handed_in:
        account.emit("charge.updated", account.one("charge", dispute["charge"]))
    return dispute


def close(account: Account, params: Json, ref: str) -> Json:
    """Accept the dispute: the money stays with the cardholder."""
    dispute = account.get("dispute", ref, "dispute")
    if dispute["status"] in CLOSED:
        raise refused("This dispute is already closed")
    end(account, dispute, "closed")
    return dispute


def end(account: Account, dispute: Json, outcome: str) -> None:
    """What the bank says: "won", "lost", "escalated" (an inquiry becomes a chargeback) or "closed" (given up)."""
    is_inquiry = dispute["status"].startswith("warning_")
    if is_inquiry and outcome in ("lost", "escalated"):
        _escalate(account, dispute)
        return
    status = "warning_closed" if is_inquiry else "won" if outcome == "won" else "lost"
    before = {"status": dispute["status"]}
    dispute["status"] = status
    if status == "won":
        dispute["is_charge_refundable"] = True
        balance.book_dispute(account, dispute, is_withdrawal=False)
        account.emit("charge.dispute.funds_reinstated", dispute)
    account.count(f"dispute_{status}")
    account.emit("charge.dispute.closed", dispute, before)


def decide(account: Account, ref: str) -> None:
    """The bank has looked at the evidence."""
    dispute = account.one("dispute", ref)
    if dispute["status"] in REVIEWED and account.now >= account.private[ref]["decided_at"]:
        end(account, dispute, _verdict(dispute) or "closed")


def run_out(account: Account, ref: str) -> None:
    """`due_by` passed without an answer."""
    dispute = account.one("dispute", ref)
    due_by = dispute["evidence_details"]["due_by"]
    if dispute["status"] in WAITING and account.now >= due_by:
        dispute["evidence_details"]["past_due"] = True
        end(account, dispute, "closed")


def refunded(account: Account, charge: Json) -> None:
    """A charge given back in full leaves an inquiry nothing to ask for."""
    dispute = account.all("dispute").get(charge["dispute"] or "")
    if dispute and charge["refunded"] and dispute["status"].startswith("warning_needs"):
        end(account, dispute, "closed")


def check_refundable(account: Account, charge: Json) -> None:
    """Raises: StripeError `charge_disputed` while the bank has the money, and after it kept it."""
    dispute = account.all("dispute").get(charge["dispute"] or "")
    if dispute and not dispute["is_charge_refundable"]:
        raise refused(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", "charge_disputed"
        )


def _disputable(account: Account, charge: Json, asked: int | None) -> int:
    if not charge["captured"]:
        raise refused(f"Charge {charge['id']} has not been captured: there is nothing to dispute.")
    known = account.all("dispute").get(charge["dispute"] or "")
    if known and known["status"] not in ("won", "warning_closed"):
        raise refused(f"Charge {charge['id']} is disputed already.", "charge_disputed")
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = left if asked is None else asked
    if not 0 < amount <= left:
        raise refused(f"The disputed amount must be from 1 to {left}.", param="amount")
    return int(amount)


def _give_time(account: Account, dispute: Json) -> None:
    due_by = account.now + RESPONSE_SECONDS
    dispute["evidence_details"]["due_by"] = due_by
    account.later(due_by, "dispute_due", dispute["id"])


def _hand_in(account: Account, dispute: Json) -> None:
    is_inquiry = dispute["status"].startswith("warning_")
    dispute["status"] = "warning_under_review" if is_inquiry else "under_review"
    details = dispute["evidence_details"]
    details.update(submission_count=details["submission_count"] + 1, submission_method="manual")
    decided_at = account.now + (VERDICT_SECONDS if _verdict(dispute) else REVIEW_SECONDS)
    account.private[dispute["id"]] = {"decided_at": decided_at}
    account.later(decided_at, "decide_dispute", dispute["id"])


def _verdict(dispute: Json) -> str:
    """What the magic words in the evidence lead to, if there are any."""
    texts = " ".join(dispute["evidence"][name] or "" for name in dispute_shapes.TEXTS)
    return next((outcome for word, outcome in WORDS.items() if word in texts), "")


def _escalate(account: Account, dispute: Json) -> None:
    """The inquiry becomes a chargeback, to be answered anew."""
    before = {"status": dispute["status"], "is_charge_refundable": True}
    dispute.update(status="needs_response", is_charge_refundable=False)
    dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
    dispute["evidence"].update(dict.fromkeys((*dispute_shapes.TEXTS, *dispute_shapes.FILES)))
    dispute["evidence_details"].update(has_evidence=False)
    _give_time(account, dispute)
    balance.book_dispute(account, dispute, is_withdrawal=True)
    account.emit("charge.dispute.updated", dispute, before)
    account.emit("charge.dispute.funds_withdrawn", dispute)


def _check_evidence(account: Account, dispute: Json, evidence: Json) -> None:
    merged = {**dispute["evidence"], **evidence}
    for name in dispute_shapes.FILES:
        if merged[name] and name in evidence:
            _check_file(account, merged[name], f"evidence[{name}]")
    if sum(len(merged[name] or "") for name in dispute_shapes.TEXTS) > LONGEST_EVIDENCE:
        raise invalid(f"Evidence may have at most {LONGEST_EVIDENCE} characters in all.", "evidence")


def _check_file(account: Account, ref: str, param: str) -> None:
    file = account.all("file").get(ref)
    if file is None:
        raise StripeError(400, f"No such file upload: '{ref}'", code="resource_missing", param=param)
    if file["purpose"] != "dispute_evidence":
        raise invalid(f"The file {ref} has the purpose {file['purpose']}, not dispute_evidence.", param)
