"""The API's names of statuses are those of bookings."""

from typing import get_args

from bookings.api.schemas import StatusName
from bookings.states import Status


def test_status_names_of_the_api_are_those_of_the_states():
    assert get_args(StatusName) == tuple(Status.values)
