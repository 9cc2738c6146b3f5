"""Rows that many tests read and that take long to make: made once, and hidden from each other's changes."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from pytest_django import DjangoDbBlocker


@contextmanager
def rolled_back_at_the_end(blocker: DjangoDbBlocker) -> Iterator[None]:
    """Keep the rows that a fixture makes before it yields until its own end, for a module or a session.

    Each test with `db` lies in a savepoint of this transaction, so what one changes no other sees. Of no use to
    transactional tests, which need the connection for themselves.
    """
    block = transaction.atomic()
    # As of Django's own test cases: what must be outermost (durable=True) does not count it.
    block._from_testcase = True  # type: ignore[attr-defined]  # not described, being private
    with blocker.unblock():
        block.__enter__()
    try:
        yield
    finally:
        with blocker.unblock():
            transaction.set_rollback(True)
            block.__exit__(None, None, None)
