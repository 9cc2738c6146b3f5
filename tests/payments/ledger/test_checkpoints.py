import threading

import pytest
from django.db import connection, transaction

from payments.ledger import checkpoints
from payments.models import LedgerCheckpoint, LedgerEntry
from tests.payments import books
from tests.support import factories


def newest() -> int:
    return LedgerEntry.objects.latest("pk").pk


@pytest.mark.django_db
class TestTaking:
    def test_balance_is_the_checkpoint_plus_what_came_since(self):
        venue = books.payable_venue()
        books.captured(books.booking(venue=venue))
        checkpoints.take(venue.pk, newest())
        books.captured(books.booking(venue=venue, total_minor=5_000))

        balances = checkpoints.balances_of(venue.pk)

        assert balances["venue", "EUR"] == -13_500
        assert balances == checkpoints.of_mode(checkpoints.sums(venue.pk), is_live=False)

    def test_balance_reads_only_the_entries_after_the_checkpoint(self):
        venue = books.payable_venue()
        books.captured(books.booking(venue=venue))
        checkpoints.take(venue.pk, newest())
        LedgerCheckpoint.objects.filter(account="venue").update(balance_minor=-1)

        assert checkpoints.balances_of(venue.pk)["venue", "EUR"] == -1

    def test_second_checkpoint_goes_on_from_the_first(self):
        venue = books.payable_venue()
        for total in (10_000, 5_000):
            books.captured(books.booking(venue=venue, total_minor=total))
            assert checkpoints.take(venue.pk, newest())

        last = LedgerCheckpoint.objects.filter(account="venue").first()
        assert (last.balance_minor, last.up_to_entry) == (-13_500, newest())
        assert last.verified_at is not None

    def test_checkpoint_that_differs_is_withdrawn_with_an_alarm(self, caplog):
        venue = books.payable_venue()
        books.captured(books.booking(venue=venue))
        checkpoints.take(venue.pk, newest())
        LedgerCheckpoint.objects.filter(account="venue").update(balance_minor=-1)
        books.captured(books.booking(venue=venue))

        agreed = checkpoints.take(venue.pk, newest())

        assert not agreed
        assert "ledger_checkpoint_differs" in caplog.text
        assert not LedgerCheckpoint.objects.filter(verified_at__isnull=False).exists()
        assert checkpoints.balances_of(venue.pk)["venue", "EUR"] == -18_000

    def test_old_checkpoints_are_forgotten(self):
        venue = books.payable_venue()
        for _ in range(5):
            books.captured(books.booking(venue=venue))
            checkpoints.take(venue.pk, newest())

        ends = LedgerCheckpoint.objects.values_list("up_to_entry", flat=True).distinct()
        assert len(set(ends)) == checkpoints.KEPT

    def test_venues_do_not_mix(self):
        first, second = books.payable_venue(), books.payable_venue()
        books.captured(books.booking(venue=first))
        books.captured(books.booking(venue=second, total_minor=5_000))

        for venue in (first, second):
            checkpoints.take(venue.pk, newest())

        assert checkpoints.balances_of(first.pk)["venue", "EUR"] == -9_000
        assert checkpoints.balances_of(second.pk)["venue", "EUR"] == -4_500


@pytest.mark.django_db(transaction=True)
class TestTakingAll:
    def test_every_venue_with_new_entries_gets_one_and_no_other(self):
        idle, busy = books.payable_venue(), books.payable_venue()
        for venue in (idle, busy):
            books.captured(books.booking(venue=venue))
        factories.venue()

        assert checkpoints.take_all() == 0
        books.captured(books.booking(venue=busy))
        checkpoints.take_all()

        ends = LedgerCheckpoint.objects.filter(account="venue").order_by("pk")
        assert list(ends.values_list("venue", flat=True)) == [idle.pk, busy.pk, busy.pk]

    def test_entry_that_commits_late_is_in_no_checkpoint_before_it_is_there(self, monkeypatch):
        monkeypatch.setattr(checkpoints, "PATIENCE", 2)
        venue = books.payable_venue()
        late, early = books.booking(venue=venue), books.booking(venue=venue, total_minor=5_000)
        written, go_on = threading.Event(), threading.Event()

        def commit_late() -> None:
            try:
                with transaction.atomic():
                    books.captured(late)
                    written.set()
                    go_on.wait(20)
            finally:
                connection.close()

        thread = threading.Thread(target=commit_late)
        thread.start()
        written.wait(20)
        books.captured(early)  # higher ids, committed first

        while_open = checkpoints.take_all(), LedgerCheckpoint.objects.count()
        go_on.set()
        thread.join(20)
        checkpoints.take_all()

        assert while_open == (0, 0)
        assert LedgerCheckpoint.objects.get(account="venue").balance_minor == -13_500
        assert checkpoints.balances_of(venue.pk) == checkpoints.of_mode(
            checkpoints.sums(venue.pk), is_live=False
        )
