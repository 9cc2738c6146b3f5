import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from rooms import services
from tests.support import factories

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def test_publish_room_that_has_all_is_offered():
    room = factories.room(is_published=False)
    factories.photo(room=room)

    assert services.publish_room(room_id=room.pk).is_published
    room.refresh_from_db()
    assert room.is_published


def test_publish_room_names_everything_that_is_missing():
    room = factories.room(kind="conference", is_published=False, description=" ", price_minor=10**8)
    room.opening_hours.all().delete()

    with pytest.raises(ValidationError) as caught:
        services.publish_room(room_id=room.pk)

    assert set(caught.value.message_dict) == {"description", "photos", "opening_hours", "price_minor"}
    room.refresh_from_db()
    assert not room.is_published


def test_publish_room_with_a_price_nobody_takes_is_refused():
    venue = factories.venue(takes_online_payment=False)
    room = factories.room(venue=venue, kind="expert", is_published=False)
    factories.photo(room=room)

    with pytest.raises(ValidationError) as caught:
        services.publish_room(room_id=room.pk)

    assert list(caught.value.message_dict) == ["approval"]


@pytest.mark.parametrize(("provider", "is_offered"), [("octo", True), ("stripe", False)])
def test_publish_room_is_bound_by_the_limit_of_its_own_provider(provider, is_offered):
    venue = factories.venue(currency="UZS", payment_provider=provider)
    room = factories.room(venue=venue, price_minor=120_000_000, is_published=False)
    factories.photo(room=room)

    missing = services.missing_for_publication(room)

    assert missing == (
        {}
        if is_offered
        else {"price_minor": "Even the shortest stay costs more than the payment provider can take at once."}
    )


@pytest.mark.parametrize(("price", "is_offered"), [(24, False), (25, True)])
def test_publish_room_whose_longest_stay_is_below_the_least_is_refused(price, is_offered):
    room = factories.room(price_minor=price, max_units=2, is_published=False)
    factories.photo(room=room)

    missing = services.missing_for_publication(room)

    assert missing == (
        {}
        if is_offered
        else {"price_minor": "Even the longest stay costs less than the payment provider can take."}
    )


def test_publish_room_holding_longer_than_the_provider_does_is_refused():
    room = factories.room(venue=factories.venue(hold_limit_minutes=30), is_published=False)
    factories.photo(room=room)

    with pytest.raises(ValidationError) as caught:
        services.publish_room(room_id=room.pk)

    assert list(caught.value.message_dict) == ["approval"]


def test_withdraw_room_is_no_longer_offered():
    room = factories.room()

    assert not services.withdraw_room(room_id=room.pk).is_published
