"""What hosts manage: rooms with prices and photos."""

import io
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from rooms import services
from rooms.models import PriceRule, Room, RoomPhoto, Venue
from tests.support import factories
from tests.support.admin_pages import errors, filled, inline_errors, queries, told, url

pytestmark = pytest.mark.django_db

MOST_QUERIES = 12


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


def test_first_room_begins_with_the_only_venue_and_a_named_policy(client, venue):
    services.add_ready_made_policies(venue)

    form = client.get(url(Room, "add")).context["adminform"].form

    assert (form.initial["venue"], form.initial["policy"].name) == (venue, "Flexible")
    assert "slug" not in form.fields
    assert next(iter(form.fields)) == "kind"


def test_room_added_leads_on_to_what_it_needs(client, venue):
    response = client.post(url(Room, "add"), new_room(venue), follow=True)

    room = Room.objects.get(slug="attic")
    assert response.redirect_chain[-1][0] == url(Room, "change", room.pk)
    page = response.content.decode()
    assert "Add at least one photo. (tab Room photos)" in page
    assert any("Below stands what it needs" in message for message in told(response))


def test_second_room_of_a_name_has_an_address_of_its_own(client, venue):
    for _ in range(2):
        client.post(url(Room, "add"), new_room(venue))

    assert sorted(Room.objects.values_list("slug", flat=True)) == ["attic", "attic-2"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", "-1"), ("price", "1e400"), ("price", "NaN"), ("price", "9.999"), ("price", ""), ("price", "ten"),
        ("price", "1\x000"), ("capacity", "0"), ("capacity", "1.5"), ("min_units", "31"), ("amenities", ["gold"]),
        ("approval", "maybe"), ("cleaning_fee", "0.001"), ("name", "x" * 5000),
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


def test_room_amount_with_a_comma_is_read_as_one_and_said_again(client, room):
    address = url(Room, "change", room.pk)

    sent = filled(client.get(address)) | {"price": "45,50", "cleaning_fee": "1.250,00"}
    response = client.post(address, sent, follow=True)

    saved = Room.objects.get(pk=room.pk)
    assert (saved.price_minor, saved.cleaning_fee_minor) == (4_550, 125_000)
    assert "Read as: Price: €45.50; Cleaning fee: €1,250.00." in told(response)


@pytest.mark.parametrize(
    ("field", "value"),
    [("price", "1.250"), ("price", "1,250"), ("cleaning_fee", "1,250"), ("price", "1_000"), ("max_units", "1.000"),
     ("max_units", "1_0"), ("capacity", "２")],
)  # fmt: skip
def test_room_number_that_may_be_another_is_refused_and_changes_nothing(client, room, field, value):
    address = url(Room, "change", room.pk)
    before = Room.objects.filter(pk=room.pk).values().get()

    response = client.post(address, filled(client.get(address)) | {field: value})

    assert list(errors(response)) == [field]
    assert Room.objects.filter(pk=room.pk).values().get() == before


def test_room_beyond_stripes_limit_stays_offered_at_an_octo_venue_when_edited(client, room):
    Venue.objects.filter(pk=room.venue_id).update(payment_provider="octo", currency="UZS")
    address = url(Room, "change", room.pk)

    client.post(address, filled(client.get(address)) | {"price": "1 200 000", "description": "Bigger"})

    saved = Room.objects.get(pk=room.pk)
    assert (saved.price_minor, saved.description, saved.is_published) == (120_000_000, "Bigger", True)


def test_price_rule_at_which_nobody_could_pay_is_refused(client, room):
    address = url(Room, "change", room.pk)

    response = client.post(address, filled(client.get(address)) | rule(room, price="1000000"))

    assert "costs more than the payment provider can take" in str(inline_errors(response))
    assert not PriceRule.objects.exists()


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


def test_photo_with_too_many_pixels_is_refused_by_its_field(client, room):
    response = upload(client, room, picture((4001, 3000)), "x.png")

    assert inline_errors(response)[0]["image"] == [
        "The picture has more than 12 million pixels. Make it smaller."
    ]
    assert RoomPhoto.objects.count() == 1


def test_eleventh_photo_of_a_form_is_refused_by_its_field_and_none_is_kept(client, room):
    address = url(Room, "change", room.pk)
    data = filled(client.get(address)) | {"photos-TOTAL_FORMS": "12"}
    for n in range(1, 12):
        data |= {
            f"photos-{n}-room": room.pk, f"photos-{n}-alt": f"New {n}", f"photos-{n}-position": n,
            f"photos-{n}-image": SimpleUploadedFile(f"{n}.png", picture(), "image/png"),
        }  # fmt: skip

    response = client.post(address, data)

    assert inline_errors(response)[0]["image"] == [
        "At most 10 pictures at a time. Save these, then add more."
    ]
    assert RoomPhoto.objects.count() == 1


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


def test_price_rule_percentage_with_a_comma_is_read_as_one_and_said_again(client, room):
    address = url(Room, "change", room.pk)
    discount = rule(room, name="Week", price="", discount_percent="7,5", min_units="7", weekdays=[])

    response = client.post(address, filled(client.get(address)) | discount, follow=True)

    assert PriceRule.objects.get().discount_percent == Decimal("7.50")
    assert "Read as: Discount in percent: 7.5%." in told(response)


@pytest.mark.parametrize(("typed", "minor"), [("45,50", 4_550), ("1.250,00", 125_000), ("1 250", 125_000)])
def test_price_rule_amount_is_read_by_the_one_rule(client, room, typed, minor):
    address = url(Room, "change", room.pk)

    client.post(address, filled(client.get(address)) | rule(room, price=typed))

    assert PriceRule.objects.get().price_minor == minor


@pytest.mark.parametrize(
    "fields",
    [
        {"price": ""}, {"discount_percent": "10", "min_units": "3"}, {"price": "", "discount_percent": "10"},
        {"first_date": "2027-02-02", "last_date": "2027-02-01"}, {"price": "0.001"}, {"weekdays": ["9"]},
        {"price": "1,250"},
    ],
    ids=str,
)  # fmt: skip
def test_price_rule_that_makes_no_sense_is_refused(fields, client, room):
    address = url(Room, "change", room.pk)

    response = client.post(address, filled(client.get(address)) | rule(room, **fields))

    assert response.status_code == 200
    assert inline_errors(response)
    assert not PriceRule.objects.exists()


# --- cost -----------------------------------------------------------------------------------------------------


def test_room_page_costs_the_same_for_one_photo_and_three(client, room):
    factories.price_rule(room=room, price_minor=1)
    one = queries(client, url(Room, "change", room.pk))
    for _ in range(2):
        factories.photo(room=room)
        factories.price_rule(room=room, price_minor=1)

    assert queries(client, url(Room, "change", room.pk)) == one
