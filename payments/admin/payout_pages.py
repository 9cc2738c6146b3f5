"""Pages of payouts in the admin: what a venue has earned, its statements, the run and what becomes of payouts."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.signed_in import person_of
from core import clock
from core.typed.fields import ProseField
from payments.models import PaymentSettings, Payout, PayoutRun, PayoutSkip
from payments.payouts import bank_export, funds
from payments.payouts import services as payouts
from payments.payouts.balance import balance_of, delay_hours, owed_by_venue
from payments.payouts.due import Due, preview, reason_to_wait
from payments.payouts.holds import hold_of
from payments.payouts.payees import problem_of
from payments.payouts.services import PayoutError
from payments.statements import files as statement_files
from payments.statements import selectors as statements
from payments.statements.selectors import LONGEST_DAYS, Period, statement
from rooms.models import Venue
from rooms.team.admin_access import MANAGERS, venue_ids

# Rows of a page; a longer list is in the lists and files.
MOST_VENUES, MOST_ROWS, MOST_MONTHS = 200, 100, 12
MARKS = {
    "paid": ("Mark as paid", "The bank has carried these out.", False),
    "failed": ("Mark as failed", "The money never left: the venue is owed it again.", True),
    "returned": ("Mark as returned", "The money left and came back: the venue is owed it again.", True),
}


# --- what a venue has earned ----------------------------------------------------------------------------------


def earnings(request: HttpRequest) -> HttpResponse:
    """The venues somebody may see the earnings of; where there is one, its page."""
    venues = list(_venues(request).order_by("name")[: MOST_VENUES + 1])
    if len(venues) == 1:
        return HttpResponseRedirect(_earnings_url(venues[0]))
    shown = venues[:MOST_VENUES]
    owed = owed_by_venue(venue.pk for venue in shown)
    context = {
        "title": "Earnings",
        "rows": [(venue.name, _earnings_url(venue), owed.get(venue.pk, [])) for venue in shown],
        "totals": _totals(sum_ for sums in owed.values() for sum_ in sums),
        "has_more": len(venues) > MOST_VENUES,
    }
    return _page(request, "admin/payments/earnings_list.html", context)


def earnings_of(request: HttpRequest, venue_id: int) -> HttpResponse:
    """A venue's balance, what the next run will pay, and its payouts."""
    venue = _venue(request, venue_id)
    settings = PaymentSettings.objects.filter(venue=venue).first()
    balances, hold = balance_of(venue), hold_of(venue, clock.now())
    reasons = {
        balance.currency: PayoutSkip.Reason(reason).label
        for balance in balances
        if balance.available_minor and (reason := reason_to_wait(settings, balance.available_minor, hold))
    }
    context = {
        "title": f"Earnings of {venue.name}",
        "venue": venue,
        "balances": [(balance, reasons.get(balance.currency, "")) for balance in balances],
        "problem": problem_of(settings),
        "hold": hold and (PayoutSkip.Reason(hold.reason).label, hold.until),
        "next_run": _next_run(),
        "delay_hours": delay_hours(venue),
        "payouts": Payout.objects.filter(venue=venue)[:MOST_ROWS],
        "months": _months(venue),
        "settings_url": reverse("admin:payments_venuepayments_change", args=[venue.pk]),
    }
    return _page(request, "admin/payments/earnings.html", context)


def _next_run() -> dt.datetime | None:
    slot = payouts.weekly_slot(clock.now())
    return slot and slot + dt.timedelta(days=7)


def _months(venue: Venue) -> list[tuple[dt.date, str]]:
    """Return the latest months since the venue is here, newest first, with the address of each statement."""
    month = statements.this_month(venue).first
    months: list[tuple[dt.date, str]] = []
    begins = venue.created_at.astimezone(venue.zone).date().replace(day=1)
    while month >= begins and len(months) < MOST_MONTHS:
        months.append((month, f"{_statement_url(venue)}?month={month:%Y-%m}"))
        month = (month - dt.timedelta(days=1)).replace(day=1)
    return months


class StatementForm(forms.Form):
    """Which period: a month, or first and last day; and the form it is wanted in."""

    month = forms.DateField(required=False, input_formats=["%Y-%m"])
    first = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    last = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    currency = forms.CharField(required=False, max_length=3)
    form = forms.ChoiceField(required=False, choices=[("", "Page"), ("pdf", "PDF"), ("csv", "CSV")])

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        first, last = data.get("first"), data.get("last")
        if any(day and not 2000 <= day.year <= 2200 for day in (first, last, data.get("month"))):
            raise forms.ValidationError("Choose days of this century.")
        if first and last and not 0 <= (last - first).days <= LONGEST_DAYS:
            raise forms.ValidationError("Choose a last day within a year after the first.")
        return data

    def period(self, venue: Venue) -> Period:
        data = self.cleaned_data
        if data["first"] and data["last"]:
            return Period(data["first"], data["last"])
        return statements.month_of(data["month"]) if data["month"] else statements.this_month(venue)


def statement_page(request: HttpRequest, venue_id: int) -> HttpResponse:
    """A venue's statement as page, PDF or CSV; a question that makes no sense is answered with this month's page."""
    venue = _venue(request, venue_id)
    form, period, wanted = StatementForm(request.GET), statements.this_month(venue), ""
    currencies = statements.currencies_of(venue)
    currency = currencies[0]
    if form.is_valid():
        period, wanted = form.period(venue), form.cleaned_data["form"]
        currency = form.cleaned_data["currency"] if form.cleaned_data["currency"] in currencies else currency
    made = statement(venue, period, currency=currency)
    if wanted:
        return _download(made, wanted)
    query = f"?first={period.first}&last={period.last}&currency={currency}"
    context = {
        "title": f"Statement of {venue.name}",
        "statement": made,
        "rows": [
            (line, [getattr(line, column) for column, _ in made.columns]) for line in made.lines[:MOST_ROWS]
        ],
        "left_out": max(len(made.lines) - MOST_ROWS, 0),
        "columns": [name for _, name in made.columns],
        "currencies": currencies,
        "errors": [error for errors in form.errors.values() for error in errors],
        "pdf_url": f"{query}&form=pdf",
        "csv_url": f"{query}&form=csv",
        "earnings_url": _earnings_url(venue),
    }
    return _page(request, "admin/payments/statement.html", context)


def _download(made: statements.Statement, form: str) -> HttpResponse:
    if form == "pdf":
        return _file(statement_files.as_pdf(made, made_at=clock.now()), "application/pdf",
                     statement_files.file_name(made, "pdf"))  # fmt: skip
    return _file(
        statement_files.as_csv(made), "text/csv; charset=utf-8", statement_files.file_name(made, "csv")
    )


# --- the run --------------------------------------------------------------------------------------------------


def new_run(request: HttpRequest) -> HttpResponse:
    """GET shows what a run would pay now and whom it would pass over; POST begins it."""
    if request.method == "POST":
        try:
            run = payouts.begin_run(started_by=request.user)
        except PayoutError as error:
            messages.error(request, f"{error} Nothing was begun.")
            return HttpResponseRedirect(reverse("admin:payments_payoutrun_changelist"))
        _audit(request, run, "Begun by hand")
        messages.success(request, "The run has begun; its payouts appear here within a minute.")
        return HttpResponseRedirect(reverse("admin:payments_payoutrun_change", args=[run.pk]))
    rows = list(preview(clock.now()))
    names = Venue.objects.in_bulk({row.venue_id for row in rows[:MOST_ROWS]})
    context = {
        "title": "Pay venues",
        "rows": [
            (names[row.venue_id], row, PayoutSkip.Reason(row.reason).label if row.reason else "")
            for row in rows[:MOST_ROWS]
        ],
        "left_out": max(len(rows) - MOST_ROWS, 0),
        "totals": _totals((row.currency, row.amount_minor) for row in rows if not row.reason),
        "paid": sum(not row.reason for row in rows),
        "warnings": funds.warnings(funds.read(), _to_transfer(rows)),
        "under_way": payouts.unfinished().first(),
    }
    return _page(request, "admin/payments/new_run.html", context)


def _to_transfer(rows: list[Due]) -> dict[str, int]:
    """Return what Stripe would have to transfer: what waits already and what a run would add, by currency."""
    by_stripe = set(
        PaymentSettings.objects.filter(payout_method=PaymentSettings.Method.STRIPE).values_list(
            "venue_id", flat=True
        )
    )
    added = [(row.currency, row.amount_minor) for row in rows if not row.reason and row.venue_id in by_stripe]
    return dict(_totals([*funds.set_aside().items(), *added]))


def _totals(sums: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    totals: defaultdict[str, int] = defaultdict(int)
    for currency, amount in sums:
        totals[currency] += amount
    return sorted(totals.items())


# --- many payouts at once -------------------------------------------------------------------------------------


def export(request: HttpRequest, chosen: QuerySet[Payout], form: str) -> HttpResponse | None:
    """Answer with the bank's file; None, with a message, when it cannot be made."""
    try:
        made = bank_export.export(chosen.values_list("pk", flat=True), form=form, by=request.user)
    except PayoutError as error:
        messages.error(request, f"{error} Nothing was changed.")
        return None
    for payout in Payout.objects.filter(provider_ref=made.message_id):
        _audit(request, payout, f"Written into {made.name}")
    return _file(made.content, made.content_type, made.name)


def export_again(request: HttpRequest, message_id: str, form: str) -> HttpResponse:
    """The same file once more, as it was sent."""
    try:
        made = bank_export.again(f"{message_id}.{form}")
    except PayoutError as error:
        raise Http404(str(error)) from error
    return _file(made.content, made.content_type, made.name)


class MarkForm(forms.Form):
    """Why payouts failed or came back."""

    reason = ProseField(
        max_length=200, label="Reason, for the venue to read", widget=UnfoldAdminTextInputWidget()
    )


def mark(request: HttpRequest, chosen: QuerySet[Payout], status: str) -> HttpResponse | None:
    """First a page that says what is marked; its POST marks each, once, and says of which it could not."""
    title, consequence, needs_reason = MARKS[status]
    is_confirmed = bool(request.POST.get("confirmed"))
    form = MarkForm(request.POST if is_confirmed else None) if needs_reason else None
    if is_confirmed and (form is None or form.is_valid()):
        reason = form.cleaned_data["reason"] if form else ""
        _mark_each(request, chosen, status, reason)
        return None
    rows = list(chosen.select_related("venue")[: MOST_ROWS + 1])
    context = {
        "title": f"{title}?",
        "button": title,
        "action": f"mark_{status}",
        "rows": rows[:MOST_ROWS],
        "most": MOST_ROWS if len(rows) > MOST_ROWS else 0,
        "consequence": consequence,
        "form": form,
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return _page(request, "admin/payments/mark_payouts.html", context)


def _mark_each(request: HttpRequest, chosen: QuerySet[Payout], status: str, reason: str) -> None:
    done = 0
    for payout in chosen.order_by("pk")[:MOST_ROWS]:
        try:
            closed = payouts.close(payout.pk, status, reason=reason, by=request.user)
        except PayoutError as error:
            messages.error(request, f"{payout.venue}: {error} Nothing was changed.")
            continue
        done += 1
        _audit(request, closed, f"{closed.get_status_display()}. {reason}".strip())
    if done:
        messages.success(request, f"{done} payout{'' if done == 1 else 's'} marked as {status}.")


# --- what the pages share -------------------------------------------------------------------------------------


def _venues(request: HttpRequest) -> QuerySet[Venue]:
    if person_of(request).is_platform_staff:
        return Venue.objects.all()
    return Venue.objects.filter(pk__in=venue_ids(request.user, MANAGERS))


def _venue(request: HttpRequest, venue_id: int) -> Venue:
    venue = _venues(request).filter(pk=venue_id).first()
    if venue is None:
        raise Http404
    return venue


def _earnings_url(venue: Venue) -> str:
    return reverse("admin:payments_payout_earnings_of", args=[venue.pk])


def _statement_url(venue: Venue) -> str:
    return reverse("admin:payments_payout_statement", args=[venue.pk])


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    context = {**admin.site.each_context(request), "opts": Payout._meta, **context}
    return TemplateResponse(request, template, context)


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=content_type, headers=headers)


def _audit(request: HttpRequest, row: Payout | PayoutRun, text: str) -> None:
    """Note who did what in the row's history."""
    LogEntry.objects.log_actions(
        person_of(request).pk, [row], CHANGE, change_message=text, single_object=True
    )
