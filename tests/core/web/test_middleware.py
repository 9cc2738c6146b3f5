"""What a visitor and a provider hear while the database is away."""

import pytest
from django.db import InterfaceError, OperationalError
from django.test import RequestFactory

from core.web.middleware import PlainErrorsMiddleware


def answer(path: str, error: Exception):
    return PlainErrorsMiddleware(lambda request: None).process_exception(RequestFactory().post(path), error)


@pytest.mark.parametrize(
    "error", [OperationalError("server closed the connection"), InterfaceError("closed")]
)
@pytest.mark.parametrize("path", ["/webhooks/stripe/", "/rooms/"])
def test_database_away_answers_503_and_says_when_to_try_again(path, error):
    response = answer(path, error)

    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "One moment, please" in response.content.decode()


def test_other_faults_are_left_to_be_noted():
    assert answer("/rooms/", ZeroDivisionError()) is None
