"""The admin's doors: a host who walks every page, link and parameter meets no row of another venue.

Every text of the strange venue holds a canary; a model registered without a canary row fails here.
"""

import html
import re

import pytest
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import ForeignKey
from django.forms import ModelChoiceField
from django.test import RequestFactory
from django.urls import reverse

from accounts.admin_tools.base import CarefulAdmin
from accounts.models import User
from bookings.models import Booking, BulkCancellation
from bookings.states import Status
from payments.models import Dispute, Refund
from rooms.models import Blackout, CancellationPolicy, Room, Session, Venue, VenueMember
from rooms.team.admin_access import VenueScopedAdmin
from tests.support import factories
from tests.support.admin_pages import REGISTRY, logged_in, text_of, url
from tests.support.admin_world import CANARY, OWN, Side

pytestmark = pytest.mark.django_db

LINK = re.compile(r'(?:href|action|data-live-url)="(/admin/[^"#]*)"')
STAFF_ONLY = {
    model for model in REGISTRY if not isinstance(admin.site.get_model_admin(model), VenueScopedAdmin)
}
CLERK_SEES = {Booking}
BOOKING_PAGES = ("live", "approve", "decline", "cancel", "complete")


@pytest.fixture(params=["owner", "manager", "clerk"])
def host(request, own: Side) -> User:
    return factories.host(venue=own[Venue], role=request.param)


def request_of(user: User):
    request = RequestFactory().get("/admin/")
    request.user = user
    return request


# --- the registry itself --------------------------------------------------------------------------------------


def test_every_registered_admin_is_careful_and_has_a_canary_row(strange):
    for model in REGISTRY:
        assert isinstance(admin.site.get_model_admin(model), CarefulAdmin), model
        assert model in strange.rows, model


def test_no_bulk_delete_is_offered():
    assert dict(admin.site.actions) == {}


# --- hosts ----------------------------------------------------------------------------------------------------


def test_crawl_as_host_meets_own_rows_and_no_canary(host, own, strange):
    client = logged_in(host)
    waiting, seen, found_own = ["/admin/"], set(), False

    while waiting:
        address = waiting.pop()
        if address in seen or "logout" in address:
            continue
        seen.add(address)
        response = client.get(address)
        # 405: the address of a form that is only ever posted.
        assert response.status_code in (200, 302, 405), address
        text = text_of(response)
        assert CANARY.lower() not in text.lower(), address
        found_own |= OWN in text
        waiting += [html.unescape(link) for link in LINK.findall(response.content.decode(errors="replace"))]

    assert found_own
    assert len(seen) > 8


def test_strange_row_every_page_answers_404(host, strange):
    client = logged_in(host)

    for model in REGISTRY:
        pk = strange[model].pk
        for page in ("change", "history", "delete"):
            assert client.get(url(model, page, pk)).status_code == 404, (model, page)
            assert client.post(url(model, page, pk), {"post": "yes"}).status_code == 404, (model, page)
        assert model._base_manager.filter(pk=pk).exists()


def test_strange_booking_every_decision_answers_404_and_changes_nothing(host, strange):
    client, booking = logged_in(host), strange[Booking]

    for page in BOOKING_PAGES:
        assert client.get(url(Booking, page, booking.pk)).status_code == 404
        assert client.post(url(Booking, page, booking.pk), {"reason": "no"}).status_code == 404

    booking.refresh_from_db()
    assert (booking.status, booking.decision, booking.version) == (Status.PENDING_APPROVAL, "", 2)


def test_strange_money_pages_answer_404_and_change_nothing(host, strange):
    client, booking = logged_in(host), strange[Booking]
    session, room, bulk = strange[Session], strange[Room], strange[BulkCancellation]
    addresses = [
        reverse("admin:payments_refund_give", args=[booking.pk]),
        reverse("admin:payments_dispute_change", args=[strange[Dispute].pk]),
        reverse("admin:bookings_bulkcancellation_session", args=[session.pk]),
        reverse("admin:bookings_bulkcancellation_close", args=[room.pk]),
        reverse("admin:bookings_bulkcancellation_live", args=[bulk.pk]),
    ]

    for address in addresses:
        assert client.get(address).status_code == 404, address
        assert client.post(address, {"reason": "no", "amount": "1", "confirmed": "yes"}).status_code == 404, (
            address
        )

    case = strange[Dispute].pk
    assert client.get(reverse("admin:payments_dispute_pack", args=[case])).status_code == 404
    assert (
        client.post(reverse("admin:payments_dispute_answer", args=[case]), {"save": "yes"}).status_code == 404
    )

    session.refresh_from_db()
    assert not session.is_cancelled
    assert BulkCancellation.objects.filter(room=room).count() == 1


def test_staff_pages_of_money_refuse_hosts(host, own):
    client = logged_in(host)
    addresses = [
        reverse("admin:payments_refund_queue"),
        reverse("admin:payments_refund_solve", args=[own[Refund].pk, "retry"]),
        reverse("admin:payments_dispute_accept", args=[own[Dispute].pk]),
        reverse("admin:payments_offlinepayment_record", args=[own[Booking].pk]),
    ]

    for address in addresses:
        assert client.get(address).status_code == 403, address
        assert client.post(address, {"reason": "no"}).status_code == 403, address


def test_lists_under_every_parameter_show_no_canary(host, strange):
    client, request = logged_in(host), request_of(host)

    for model in REGISTRY:
        address = url(model, "changelist")
        if not admin.site.get_model_admin(model).has_view_permission(request):
            assert client.get(address).status_code == 403
            continue
        for query in side_doors(model, strange):
            response = client.get(address, query)
            assert response.status_code in (200, 302, 400), (model, query)
            assert CANARY not in text_of(response), (model, query)


def side_doors(model, strange: Side) -> list[dict[str, str]]:
    """Queries that try to look around the corner: through filters, lookups, search, paging, popups."""
    doors = [{}, {"q": CANARY[:-1]}, {"all": ""}, {"o": "1"}, {"p": "1"}]
    doors += [{"_facets": "True"}, {"_popup": "1"}, {"_to_field": "id"}]
    doors += [{"id__exact": strange[model].pk}, {"pk__in": f"{strange[model].pk},1"}, {"e": "1"}]
    for column in model._meta.get_fields():
        if isinstance(column, ForeignKey):
            related = column.related_model
            pk = strange.rows[related].pk if related in strange.rows else 1
            doors += [{f"{column.name}__id__exact": pk}, {f"{column.name}__pk__gte": "0"}]
            doors += [
                {f"{column.name}__name__startswith": "X"},
                {f"{column.name}__password__startswith": "p"},
            ]
    for item in admin.site.get_model_admin(model).list_filter:
        path = item[0] if isinstance(item, tuple) else getattr(item, "parameter_name", item)
        doors += [{f"{path}__id__exact": strange[Venue].pk}, {f"{path}__name__contains": "X"}, {path: "\x00"}]
    return doors


@pytest.mark.parametrize(
    "query",
    [
        {"venue__name__startswith": CANARY}, {"guest__password__startswith": "md5"}, {"venue__members__user": "1"},
        {"room__venue__bookings__guest_name__contains": "X"}, {"submission_key__startswith": "a"},
        {"guest_name": "\x00"},
    ],
    ids=str,
)  # fmt: skip
def test_list_lookup_beyond_its_filters_is_a_bad_request(query, own):
    client = logged_in(factories.host(venue=own[Venue]))

    assert client.get(url(Booking, "changelist"), query).status_code == 400


def test_autocomplete_of_every_foreign_key_shows_no_canary(host, strange):
    client = logged_in(host)
    keys = [(model, column) for model in REGISTRY for column in model._meta.get_fields()]

    for model, column in keys:
        if not isinstance(column, ForeignKey):
            continue
        names = {"app_label": model._meta.app_label, "model_name": model._meta.model_name}
        for term in ("", CANARY[:-1], "\x00"):
            asked = {**names, "field_name": column.name, "term": term}
            response = client.get("/admin/autocomplete/", asked)
            assert response.status_code in (200, 403, 404), asked
            assert CANARY not in text_of(response), asked


def test_autocomplete_of_rooms_finds_own_and_survives_nul(own, strange):
    client = logged_in(factories.host(venue=own[Venue]))
    asked = {"app_label": "rooms", "model_name": "occupancy", "field_name": "room", "term": "X\x00"}

    response = client.get("/admin/autocomplete/", asked)

    assert [row["id"] for row in response.json()["results"]] == [str(own[Room].pk)]


def test_every_form_and_inline_accepts_no_strange_foreign_key(host, own, strange):
    request, checked = request_of(host), 0
    for model in REGISTRY:
        model_admin = admin.site.get_model_admin(model)
        if not model_admin.has_add_permission(request):
            continue
        forms = [model_admin.get_form(request)]
        for inline in model_admin.get_inline_instances(request, own[model]):
            forms.append(inline.get_formset(request, own[model]).form)
        for form in forms:
            for field in form.base_fields.values():
                if isinstance(field, ModelChoiceField):
                    checked += 1
                    choices = field.queryset
                    assert choices.model not in strange.rows or strange[choices.model] not in choices
    assert checked > 0 or not own[Venue].members.filter(user=host).exclude(role="clerk").exists()


def test_host_posts_strange_foreign_keys_gets_form_errors_and_no_row(own, strange):
    client = logged_in(factories.host(venue=own[Venue]))
    posts = [
        (url(Room, "add"), room_form(venue=strange[Venue].pk), "venue"),
        (url(Room, "add"), room_form(venue=own[Venue].pk, policy=strange[CancellationPolicy].pk), "policy"),
        (
            url(Blackout, "add"),
            {"rooms": strange[Room].pk, "first_date": "2027-06-01", "last_date": "2027-06-02", "years": "1"},
            "rooms",
        ),
        (
            url(Blackout, "add"),
            {"venue": strange[Venue].pk, "first_date": "2027-06-01", "last_date": "2027-06-02", "years": "1"},
            "venue",
        ),
        (url(CancellationPolicy, "add"), {"venue": strange[Venue].pk, "name": "Mine"}, "venue"),
    ]

    for address, data, field in posts:
        before = {model: model._default_manager.count() for model in (Room, Blackout, CancellationPolicy)}
        response = client.post(address, data)
        assert response.status_code == 200
        assert "Select a valid choice" in str(response.context["adminform"].form.errors[field])
        assert before == {model: model._default_manager.count() for model in before}


def room_form(**fields) -> dict[str, str]:
    return {
        "name": "New", "slug": "new", "kind": "hotel", "capacity": "2", "price": "80", "cleaning_fee": "0",
        "approval": "after_payment", "capture": "on_confirmation", "min_units": "1", "max_units": "30",
        "notice_minutes": "0", "booking_window_days": "365", "buffer_before_minutes": "0",
        "buffer_after_minutes": "0", "appointment_minutes": "60", **fields,
    }  # fmt: skip


def test_action_across_all_rows_touches_no_strange_booking(host, own, strange):
    client, both = logged_in(host), [own[Booking].pk, strange[Booking].pk]
    data = {"action": "approve_selected", "_selected_action": both, "select_across": "1", "index": "0"}

    asked = client.post(url(Booking, "changelist"), data)
    done = client.post(
        url(Booking, "changelist"),
        {"action": "approve_selected", "_selected_action": both, "confirmed": "yes"},
    )

    assert OWN in text_of(asked)
    assert CANARY not in text_of(asked) + text_of(done)
    assert Booking.objects.get(pk=own[Booking].pk).decision == "approved"
    assert Booking.objects.get(pk=strange[Booking].pk).decision == ""


def test_action_with_ids_that_are_no_numbers_is_a_bad_request(host):
    client = logged_in(host)
    data = {"action": "approve_selected", "_selected_action": ["1; drop"], "index": "0"}

    assert client.post(url(Booking, "changelist"), data).status_code == 400


def test_recent_actions_of_a_lost_venue_are_not_shown(host, strange):
    content_type = ContentType.objects.get_for_model(Room)
    LogEntry.objects.create(
        user=host, content_type=content_type, object_id=strange[Room].pk, object_repr=f"{CANARY} room",
        action_flag=CHANGE,
    )  # fmt: skip

    assert CANARY not in text_of(logged_in(host).get("/admin/"))


def test_shut_doors_answer_404(host, strange):
    client = logged_in(host)

    for model in (Booking, Room):
        content_type = ContentType.objects.get_for_model(model).pk
        assert client.get(f"/admin/r/{content_type}/{strange[model].pk}/").status_code == 404
    assert client.get("/admin/search/", {"s": "X", "page": "abc", "extended": "1"}).status_code == 404


def test_clerk_sees_bookings_and_nothing_else(own):
    client = logged_in(factories.host(venue=own[Venue], role="clerk"))

    seen = {model for model in REGISTRY if client.get(url(model, "changelist")).status_code == 200}

    assert seen == CLERK_SEES


def test_owner_sees_no_works_of_the_platform(own):
    client = logged_in(factories.host(venue=own[Venue]))

    refused = {model for model in REGISTRY if client.get(url(model, "changelist")).status_code == 403}

    assert refused == STAFF_ONLY


def test_role_is_counted_per_venue(own, strange):
    user = factories.host(venue=own[Venue])
    factories.member(venue=strange[Venue], user=user, role=VenueMember.Role.CLERK)
    client = logged_in(user)

    assert client.get(url(Room, "change", own[Room].pk)).status_code == 200
    assert client.get(url(Room, "change", strange[Room].pk)).status_code == 404
    assert client.get(url(Booking, "change", strange[Booking].pk)).status_code == 200


def test_former_member_is_out_at_once(host, own):
    client = logged_in(host)
    assert client.get("/admin/").status_code == 200

    factories.host(venue=own[Venue])
    VenueMember.objects.filter(user=host).delete()

    assert client.get("/admin/", follow=True).status_code == 403
