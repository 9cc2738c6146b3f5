"""Small helps of page tests."""

import datetime as dt
from typing import Any

from django.test import Client

from core import clock
from tests.support import factories


def text(response: Any) -> str:
    return response.content.decode()


def prove(client: Client, *, password: str = factories.PASSWORD, next: str = "") -> Any:
    """Type the password once more, as pages that move money or access ask for it (accounts.sign_in.stepup)."""
    return client.post("/account/reauthenticate/", {"password": password, "next": next})


def ahead(days: int) -> str:
    """A date so many days from today in the zone of the factories' venues, as a browser sends it."""
    return (clock.now().astimezone(factories.ZONE).date() + dt.timedelta(days=days)).isoformat()


def nights(first: int = 10, last: int = 12, **more) -> dict:
    """The choice of nights from one day ahead to another."""
    return {"check_in": ahead(first), "check_out": ahead(last), **more}
