"""One base for what verbs refuse: every kind of it has a code, a sentence, and a field where one is to blame."""

import datetime as dt
from collections.abc import Callable

import pytest

from accounts.people import ErasureRefused
from accounts.sign_in.recovery import ResetRefused
from bookings.errors import DecisionOverdue, InvalidTransition, NotPublished
from bookings.limits.proof import ProofNeeded
from core.errors import Refusal
from core.typed.text import InvalidText
from core.web.problems import Problem
from payments.credits.services import CreditRefused
from payments.disputes.services import CannotAnswer
from payments.manual.services import OfflineRefused
from payments.payouts.services import PayoutError
from payments.reconciliation.fixes import CannotMend
from payments.refunds.services import RefundRefused
from payments.venue_settings.bank_details import WrongBankDetails
from payments.venue_settings.services import InvalidSettings
from rooms.availability.closings import DatesTaken
from rooms.availability.occupancy import RoomTaken
from rooms.availability.stays import InvalidStay
from rooms.sessions import SessionRefused
from rooms.team.approval import ApprovalError
from rooms.team.services import TeamError

NOON = dt.datetime(2027, 1, 5, 12, tzinfo=dt.UTC)

# (how it is made, its code, its field)
REFUSALS: list[tuple[Callable[[], Refusal], str, str]] = [
    (lambda: InvalidTransition("pay", "EXPIRED"), "invalid_transition", ""),
    (lambda: DecisionOverdue(NOON, "UTC"), "decision_overdue", ""),
    (lambda: NotPublished("Not now."), "not_published", ""),
    (lambda: ProofNeeded("ada@example.com", 2), "proof_needed", ""),
    (lambda: RefundRefused("Too much.", left_minor=5), "invalid_amount", ""),
    (lambda: RefundRefused("Too much.", code="other"), "other", ""),
    (lambda: CreditRefused("Used up."), "credit_refused", ""),
    (lambda: OfflineRefused("Too much."), "invalid_offline_payment", "amount"),
    (lambda: OfflineRefused("Not yet.", field="received_date"), "invalid_offline_payment", "received_date"),
    (RoomTaken, "room_taken", ""),
    (lambda: DatesTaken([]), "room_taken", ""),
    (lambda: InvalidStay("check_in", "past", "This is past."), "past", "check_in"),
    (lambda: SessionRefused("booked", "Seats are taken."), "booked", ""),
    (lambda: TeamError("no_member", "There is no such member."), "no_member", ""),
    (lambda: ApprovalError("not_whole", "Still missing: a photo."), "not_whole", ""),
    (lambda: PayoutError("payout_closed", "This payout is paid already."), "payout_closed", ""),
    (lambda: CannotAnswer("It is over."), "cannot_answer", ""),
    (lambda: CannotMend("It still differs."), "cannot_mend", ""),
    (lambda: ResetRefused("Only staff may do this."), "reset_refused", ""),
    (lambda: ErasureRefused([]), "erasure_refused", ""),
    (lambda: WrongBankDetails("bank_code", "The bank's MFO has 5 digits."), "invalid", "bank_code"),
    (lambda: InvalidSettings({"fee": "Too much."}), "invalid", ""),
    (lambda: InvalidText("unseen_character", "It holds what nobody sees."), "unseen_character", ""),
    (lambda: Problem(409, "conflict", "Somebody was quicker."), "conflict", ""),
]


@pytest.mark.parametrize(("make", "code", "field"), REFUSALS)
def test_refusal_has_its_code_its_field_and_says_its_message(
    make: Callable[[], Refusal], code: str, field: str
) -> None:
    refusal = make()

    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field, str(refusal)) == (code, field, refusal.message)


@pytest.mark.parametrize("kind", [InvalidStay, InvalidText, WrongBankDetails, InvalidSettings])
def test_what_reads_typed_values_refuses_them_as_values_too(kind: type[Refusal]) -> None:
    assert issubclass(kind, ValueError)
