"""What hosts manage: venues, rooms with prices and photos, policies, closed dates."""

import datetime as dt
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from rooms.models import (
    Blackout,
    CancellationPolicy,
    Occupancy,
    PriceRule,
    Room,
    RoomPhoto,
    Venue,
    VenueMember,
)
from tests import factories

pytestmark = pytest.mark.django_db

MOST_QUERIES = 12


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def venue():
    return factories.venue(name="Canal Hotel", currency="EUR")


@pytest.fixture
def room(venue):
    made = factories.room(venue=venue, name="Canal view", price_minor=12_345)
    factories.photo(room=made)
    return made


@pytest.fixture
def client(venue):
    return logged_in(factories.host(venue=venue, role="manager"))


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(model, page: str, *args) -> str:
    return reverse(f"admin:rooms_{model._meta.model_name}_{page}", args=args)


def filled(response) -> dict[str, str]:
    """Return what a browser would send back of a form page untouched."""
    context = response.context
    data: dict = {}
    for formset in [helper.formset for helper in context["inline_admin_formsets"]]:
        for form in [formset.management_form, *formset.forms]:
            data |= values_of(form)
    return data | values_of(context["adminform"].form)


def values_of(form) -> dict:
    data = {}
    for bound in form:
        value = bound.value()
        if value is None or value is False or bound.field.__class__.__name__ == "ImageField":
            continue
        data[bound.html_name] = "on" if value is True else getattr(value, "pk", value)
    return data


def errors(response) -> dict[str, list[str]]:
    return response.context["adminform"].form.errors


def inline_errors(response) -> list[dict]:
    return [
        found
        for helper in response.context["inline_admin_formsets"]
        for found in helper.formset.errors
        if found
    ]


def told(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# --- venue ----------------------------------------------------------------------------------------------------


def test_venue_manager_sets_answer_hours_and_times(client, venue):
    address = url(Venue, "change", venue.pk)
    data = filled(client.get(address)) | {"answer_hours": "6", "check_in_time": "16:30"}

    assert client.post(address, data).status_code == 302

    venue.refresh_from_db()
    assert (venue.answer_hours, venue.check_in_time) == (6, dt.time(16, 30))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("answer_hours", "0"),
        ("answer_hours", "145"),
        ("time_zone", "Mars/Olympus"),
        ("country", "XX"),
        ("name", ""),
    ],
)
def test_venue_bad_value_is_said_by_the_field(field, value, client, venue):
    address = url(Venue, "change", venue.pk)

    response = client.post(address, filled(client.get(address)) | {field: value})

    assert response.status_code == 200
    assert errors(response)[field]
    assert Venue.objects.get(pk=venue.pk).answer_hours == 24


def test_venue_host_posts_what_the_platform_sets_and_it_is_ignored(client, venue):
    address = url(Venue, "change", venue.pk)
    forged = {
        "platform_fee_percent": "0", "hold_limit_minutes": "999999", "currency": "UZS", "slug": "mine",
        "takes_online_payment": "",
    }  # fmt: skip

    client.post(address, filled(client.get(address)) | forged)

    fresh = Venue.objects.get(pk=venue.pk)
    for name in forged:
        assert getattr(fresh, name) == getattr(venue, name)


def test_venue_owner_sees_the_team_and_cannot_change_it(venue):
    owner = factories.host(venue=venue)
    clerk = factories.host(venue=venue, role="clerk", name="Tom Clerk")
    client, address = logged_in(owner), url(Venue, "change", venue.pk)
    page = client.get(address)
    membership = VenueMember.objects.get(user=clerk)
    forged = {"members-TOTAL_FORMS": "1", "members-INITIAL_FORMS": "1", "members-0-id": membership.pk,
              "members-0-venue": venue.pk, "members-0-role": "owner"}  # fmt: skip

    client.post(address, filled(page) | forged)

    assert "Tom Clerk" in page.content.decode()
    assert "/admin/accounts/user/" not in page.content.decode()
    membership.refresh_from_db()
    assert membership.role == "clerk"


def test_venue_staff_adds_a_member_who_may_then_enter(venue):
    newcomer, address = factories.user(), url(Venue, "change", venue.pk)
    client = logged_in(factories.staff())
    data = filled(client.get(address)) | {
        "members-TOTAL_FORMS": "1", "members-0-venue": venue.pk, "members-0-user": newcomer.pk,
        "members-0-role": "clerk",
    }  # fmt: skip

    assert client.post(address, data).status_code == 302

    assert venue.members.get().user == newcomer
    assert logged_in(newcomer).get("/admin/").status_code == 200


def test_venue_host_adds_none_and_nobody_deletes_one(client, venue):
    assert client.get(url(Venue, "add")).status_code == 403
    assert client.post(url(Venue, "delete", venue.pk), {"post": "yes"}).status_code == 403
    assert logged_in(factories.staff()).get(url(Venue, "add")).status_code == 200


# --- room -----------------------------------------------------------------------------------------------------


def new_room(venue, **fields) -> dict[str, str]:
    return {
        "venue": venue.pk, "name": "Attic", "slug": "attic", "kind": "hotel", "description": "Under the roof.",
        "capacity": "2", "price": "99.90", "cleaning_fee": "", "amenities": ["wifi", "balcony"],
        "approval": "after_payment", "capture": "on_confirmation", "min_units": "1", "max_units": "30",
        "notice_minutes": "0", "booking_window_days": "365", "buffer_before_minutes": "0",
        "buffer_after_minutes": "0", "appointment_minutes": "60", **fields,
    }  # fmt: skip


def test_room_added_keeps_amounts_in_minor_units_and_is_not_offered_yet(client, venue):
    response = client.post(url(Room, "add"), new_room(venue, offered="on"), follow=True)

    room = Room.objects.get(slug="attic")
    assert (room.price_minor, room.cleaning_fee_minor, room.is_published) == (9_990, 0, False)
    assert room.amenities == ["wifi", "balcony"]
    assert any("Not offered to guests yet: Add at least one photo." in message for message in told(response))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", "-1"), ("price", "1e400"), ("price", "NaN"), ("price", "9.999"), ("price", ""), ("price", "ten"),
        ("price", "1\x000"), ("capacity", "0"), ("capacity", "1.5"), ("min_units", "31"), ("amenities", ["gold"]),
        ("approval", "maybe"), ("slug", "../x"), ("cleaning_fee", "0.001"), ("name", "x" * 5000),
    ],
    ids=str,
)  # fmt: skip
def test_room_bad_value_is_said_by_the_field(field, value, client, venue):
    response = client.post(url(Room, "add"), new_room(venue, **{field: value}))

    assert response.status_code == 200
    assert errors(response)["max_units" if field == "min_units" else field]
    assert not Room.objects.exists()


@pytest.mark.parametrize("approval", list(Room.Approval))
@pytest.mark.parametrize("capture", list(Room.Capture))
def test_room_is_sold_in_every_way_the_hold_lasts_for(client, venue, approval, capture):
    response = client.post(url(Room, "add"), new_room(venue, approval=approval, capture=capture))

    assert response.status_code == 302
    room = Room.objects.get()
    assert (room.approval, room.capture) == (approval, capture)


@pytest.mark.parametrize(
    ("approval", "capture", "field"),
    [
        ("after_payment", "on_confirmation", "approval"),
        ("none", "after_completion", "capture"),
        ("before_payment", "after_completion", "capture"),
    ],
)
def test_room_that_holds_first_is_refused_where_the_provider_holds_half_an_hour(
    client, venue, approval, capture, field
):
    venue.hold_limit_minutes = 30
    venue.save()

    response = client.post(url(Room, "add"), new_room(venue, approval=approval, capture=capture))

    assert errors(response)[field] == [
        "This venue's payment provider holds money for 30 minutes only; holding first needs at least 1 day."
    ]
    assert not Room.objects.exists()


def test_room_page_greys_out_what_a_short_hold_forbids_and_says_why(client, venue):
    venue.hold_limit_minutes = 30
    venue.save()
    room = factories.room(venue=venue, kind="conference")

    response = client.get(url(Room, "change", room.pk))

    page = response.content.decode()
    form = response.context["adminform"].form
    disabled = {
        (name, option.data["value"])
        for name in ("approval", "capture")
        for option in form[name].subwidgets
        if option.data["attrs"].get("disabled")
    }
    assert disabled == {("approval", "after_payment"), ("capture", "after_completion")}
    assert "holds money for 30 minutes only" in form.fields["capture"].help_text
    assert page.count("Not possible here.") == 4


def test_room_page_shows_each_way_step_by_step(client, room):
    page = client.get(url(Room, "change", room.pk)).content.decode()

    for part in (
        "rh-way-after_payment-on_confirmation rh-way-now",
        "€123.45 held",
        "24 hours, by the start at the latest",
        "Charges the card and confirms",
        "later than 6 days 12 hours after booking is charged at confirmation instead",
        "If the guest cancels: 100% until the start.",
    ):
        assert part in page, part


def test_room_form_shows_and_saves_the_same_amounts(client, room):
    address = url(Room, "change", room.pk)
    data = filled(client.get(address))
    assert (data["price"], data["cleaning_fee"]) == ("123.45", "0.00")

    response = client.post(address, data | {"price": "1,234.50"})

    assert response.status_code == 302
    assert Room.objects.get(pk=room.pk).price_minor == 123_450


def test_room_switch_withdraws_and_offers(client, room):
    address = url(Room, "change", room.pk)
    data = filled(client.get(address))
    assert data.pop("offered") == "on"

    client.post(address, data)
    assert not Room.objects.get(pk=room.pk).is_published
    client.post(address, data | {"offered": "on"})
    assert Room.objects.get(pk=room.pk).is_published


def test_room_that_lost_its_last_photo_is_withdrawn_and_told(client, room):
    address = url(Room, "change", room.pk)
    data = filled(client.get(address)) | {"photos-0-DELETE": "on"}

    response = client.post(address, data, follow=True)

    assert not Room.objects.get(pk=room.pk).is_published
    assert any("photo" in message for message in told(response))


def test_room_venue_kind_and_slug_stay(client, room):
    address, other = url(Room, "change", room.pk), factories.venue()

    client.post(address, filled(client.get(address)) | {"venue": other.pk, "kind": "expert", "slug": "moved"})

    fresh = Room.objects.get(pk=room.pk)
    assert (fresh.venue, fresh.kind, fresh.slug) == (room.venue, "hotel", room.slug)


def test_room_with_bookings_is_not_deleted(client, room):
    factories.booking(room=room)

    client.post(url(Room, "delete", room.pk), {"post": "yes"})

    assert Room.objects.filter(pk=room.pk).exists()


def picture(size=(64, 48), kind="PNG", **fields) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, "#336").save(data, kind, **fields)
    return data.getvalue()


def upload(client, room, content: bytes, name: str):
    address = url(Room, "change", room.pk)
    data = filled(client.get(address)) | {
        "photos-TOTAL_FORMS": "2", "photos-1-room": room.pk, "photos-1-alt": "New", "photos-1-position": "1",
        "photos-1-image": SimpleUploadedFile(name, content, "image/png"),
    }  # fmt: skip
    return client.post(address, data)


def test_photo_is_kept_as_a_fresh_jpeg_under_our_name(client, room):
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    upload(client, room, picture(kind="JPEG", exif=exif), "../../evil.php.jpg")

    photo = RoomPhoto.objects.get(alt="New")
    stored = photo.image.read()
    assert photo.image.name.startswith("rooms/")
    assert "evil" not in photo.image.name
    assert stored[:3] == b"\xff\xd8\xff"
    assert b"secret place" not in stored


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
        ("x.jpg", b"<html><script>alert(1)</script></html>"), ("x.png", b""), ("x.gif", picture(kind="GIF")),
    ],
    ids=lambda value: str(value)[:8],
)  # fmt: skip
def test_photo_that_is_no_photo_is_refused(name, content, client, room):
    response = upload(client, room, content, name)

    assert response.status_code == 200
    assert inline_errors(response)[0]["image"]
    assert RoomPhoto.objects.count() == 1


def test_photo_with_too_many_pixels_is_refused(client, room, monkeypatch):
    monkeypatch.setattr("rooms.photos.MAX_PIXELS", 1000)

    response = upload(client, room, picture(), "x.png")

    assert "pixels" in str(inline_errors(response))


def rule(room, **fields) -> dict[str, str]:
    named = {"name": "Weekend", "weekdays": ["4", "5"], "price": "150", **fields}
    return {"price_rules-TOTAL_FORMS": "1", "price_rules-0-room": room.pk} | {
        f"price_rules-0-{name}": value for name, value in named.items()
    }


def test_price_rule_is_typed_in_major_units(client, room):
    address = url(Room, "change", room.pk)

    response = client.post(address, filled(client.get(address)) | rule(room))

    assert response.status_code == 302
    made = PriceRule.objects.get()
    assert (made.weekdays, made.price_minor, made.discount_percent) == ([4, 5], 15_000, None)
    assert filled(client.get(address))["price_rules-0-price"] == "150.00"


@pytest.mark.parametrize(
    "fields",
    [
        {"price": ""}, {"discount_percent": "10", "min_units": "3"}, {"price": "", "discount_percent": "10"},
        {"first_date": "2027-02-02", "last_date": "2027-02-01"}, {"price": "0.001"}, {"weekdays": ["9"]},
    ],
    ids=str,
)  # fmt: skip
def test_price_rule_that_makes_no_sense_is_refused(fields, client, room):
    address = url(Room, "change", room.pk)

    response = client.post(address, filled(client.get(address)) | rule(room, **fields))

    assert response.status_code == 200
    assert inline_errors(response)
    assert not PriceRule.objects.exists()


# --- policy ---------------------------------------------------------------------------------------------------


def tier_rows(*rows: tuple[object, object]) -> dict[str, object]:
    """Rows of hours and per cent as the policy's form sends them."""
    return {
        f"tiers_{name}_{n}": value
        for n, row in enumerate(rows, 1)
        for name, value in zip(("hours", "percent"), row, strict=True)
    }


def test_policy_rows_become_tiers_most_hours_first(client, venue):
    data = {"venue": venue.pk, "name": "Own", **tier_rows((24, 50), ("", ""), (48, 100))}

    assert client.post(url(CancellationPolicy, "add"), data).status_code == 302

    assert CancellationPolicy.objects.get().tiers == [
        {"hours": 48, "percent": 100},
        {"hours": 24, "percent": 50},
    ]


def test_policy_saved_is_shown_in_rows_words_and_an_example(client, venue):
    policy = factories.policy(
        venue=venue, tiers=[{"hours": 48, "percent": 100}, {"hours": 24, "percent": 50}]
    )

    response = client.get(url(CancellationPolicy, "change", policy.pk))

    page = response.content.decode()
    boxes = response.context["adminform"].form["tiers"].subwidgets[0].data["subwidgets"]
    assert [box["value"] for box in boxes[:5]] == ["48", "100", "24", "50", None]
    assert 'name="tiers_percent_2" value="50"' in page
    for part in ("50% refund until 24 hours before the start.", "An example: €200.00", "€100.00", "nothing"):
        assert part in page


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(48, "")], "Row 1: fill in both the hours and the per cent."),
        ([("", 50)], "Row 1: fill in both the hours and the per cent."),
        ([(48, 101)], "Row 1, per cent: Ensure this value is less than or equal to 100."),
        ([(48, 100), (-1, 50)], "Row 2, hours: Ensure this value is greater than or equal to 0."),
        ([(48, 100), (48, 50)], "Each number of hours once."),
        ([(48, 50), (24, 100)], "Who cancels later cannot get more back."),
        ([("x", "y")], "Row 1, hours: Enter a whole number."),
        ([(9_999_999, 1)], "Row 1, hours: Ensure this value is less than or equal to 8760."),
        ([("1.5", 1)], "Row 1, hours: Enter a whole number."),
        ([("9" * 5000, 1)], "Row 1, hours: Enter a whole number."),
    ],
)
def test_policy_bad_rows_are_refused_by_the_field(rows, message, client, venue):
    data = {"venue": venue.pk, "name": "Odd", **tier_rows(*rows)}

    response = client.post(url(CancellationPolicy, "add"), data)

    assert errors(response)["tiers"] == [message]
    assert not CancellationPolicy.objects.exists()


def test_venue_added_by_staff_starts_with_the_ready_made_policies(venue):
    staff = logged_in(factories.staff())
    data = filled(staff.get(url(Venue, "add"))) | {
        "name": "New house", "slug": "new-house", "address": "1 Quay", "city": "Paris", "country": "FR",
        "time_zone": "Europe/Paris", "currency": "EUR", "answer_hours": "24", "check_in_time": "15:00",
        "check_out_time": "11:00", "tax_percent": "0",
    }  # fmt: skip

    assert staff.post(url(Venue, "add"), data).status_code == 302

    names = CancellationPolicy.objects.filter(venue__slug="new-house").values_list("name", flat=True)
    assert sorted(names) == ["Flexible", "Moderate", "Non-refundable", "Strict"]


# --- closed dates ---------------------------------------------------------------------------------------------


def closing(of, **fields) -> dict[str, str]:
    return {
        "room": of.pk,
        "first_date": "2027-06-01",
        "last_date": "2027-06-03",
        "note": "Painters",
        **fields,
    }


def test_closing_dates_occupies_the_room_in_its_zone(client, room):
    response = client.post(url(Blackout, "add"), closing(room), follow=True)

    blackout = Blackout.objects.get()
    assert (blackout.kind, blackout.note) == ("blackout", "Painters")
    assert blackout.period.lower == dt.datetime(2027, 6, 1, 13, tzinfo=dt.UTC)
    assert blackout.period.upper == dt.datetime(2027, 6, 4, 9, tzinfo=dt.UTC)
    assert "Jun 1, 2027, 15:00 – Jun 4, 2027, 11:00" in response.content.decode()


def test_closing_dates_of_a_booking_is_refused_by_the_field(client, room):
    factories.booking(room=room, days_ahead=10)
    date = str(dt.date.today() + dt.timedelta(days=10))

    response = client.post(url(Blackout, "add"), closing(room, first_date=date, last_date=date))

    message = str(errors(response)["first_date"])
    assert "Bookings lie in these dates." in message
    assert f"/admin/bookings/bulkcancellation/close/{room.pk}/?first={date}&amp;last={date}" in message
    assert not Blackout.objects.filter(kind="blackout").exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"last_date": "2027-05-01"}, "last_date"), ({"first_date": "1027-06-01"}, "last_date"),
        ({"first_date": "9999-12-31", "last_date": "9999-12-31"}, "first_date"), ({"room": "0"}, "room"),
        ({"note": "x" * 201}, "note"), ({"first_date": "2027-02-30"}, "first_date"), ({"note": "a\x00"}, "note"),
    ],
    ids=str,
)  # fmt: skip
def test_closing_bad_dates_is_refused_by_the_field(fields, field, client, room):
    response = client.post(url(Blackout, "add"), closing(room, **fields))

    assert errors(response)[field]
    assert not Occupancy.objects.exists()


def test_closed_dates_reopen_by_delete_and_bookings_occupancy_is_out_of_reach(client, room):
    client.post(url(Blackout, "add"), closing(room))
    booking = factories.booking(room=room)
    taken = Occupancy.objects.get(reference=booking.reference)

    assert client.post(url(Blackout, "delete", taken.pk), {"post": "yes"}).status_code == 404
    assert (
        client.post(
            url(Blackout, "delete", Blackout.objects.get(kind="blackout").pk), {"post": "yes"}
        ).status_code
        == 302
    )

    assert list(Occupancy.objects.all()) == [taken]


# --- cost -----------------------------------------------------------------------------------------------------


def queries(client, address) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.mark.parametrize("model", [Venue, Room, CancellationPolicy, Blackout])
def test_lists_cost_the_same_for_one_row_and_three(model, client, venue):
    def more(n: int) -> None:
        room = factories.room(venue=venue, policy=factories.policy(venue=venue))
        client.post(url(Blackout, "add"), closing(room))

    more(1)
    one = queries(client, url(model, "changelist"))
    more(2)
    more(3)

    assert queries(client, url(model, "changelist")) == one <= MOST_QUERIES


def test_room_page_costs_the_same_for_one_photo_and_three(client, room):
    factories.price_rule(room=room, price_minor=1)
    one = queries(client, url(Room, "change", room.pk))
    for _ in range(2):
        factories.photo(room=room)
        factories.price_rule(room=room, price_minor=1)

    assert queries(client, url(Room, "change", room.pk)) == one
