"""How the admin looks and what its sidebar lists."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

# What staff look into when something is wrong: folded until it is opened.
MACHINE_ROOM = "Machine room"
# (group, [(title, icon, model)]): a link appears for whoever may see the model's list; daily work first.
SIDEBAR: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    ("Bookings", (("All bookings", "event_available", "bookings.booking"),)),
    (
        "Money",
        (
            ("Payments", "payments", "payments.payment"),
            ("Refunds", "undo", "payments.refund"),
            ("Disputes", "gavel", "payments.dispute"),
            ("Payouts", "send_money", "payments.payout"),
            ("Credits", "redeem", "payments.credit"),
            ("Paid by hand", "edit_note", "payments.offlinepayment"),
            ("Differences", "difference", "payments.drift"),
        ),
    ),
    (
        "Venue",
        (
            ("Venues", "apartment", "rooms.venue"),
            ("Rooms", "bed", "rooms.room"),
            ("Sessions", "groups", "rooms.session"),
            ("Closed dates", "event_busy", "rooms.blackout"),
            ("Bulk cancellations", "event_repeat", "bookings.bulkcancellation"),
            ("Cancellation policies", "policy", "rooms.cancellationpolicy"),
            ("Payment settings", "account_balance", "payments.venuepayments"),
        ),
    ),
    (
        "People and messages",
        (
            ("People", "group", "accounts.user"),
            ("Sent and waiting", "outgoing_mail", "notifications.delivery"),
            ("Mails about venues", "mark_email_read", "rooms.venuenotice"),
        ),
    ),
    (
        MACHINE_ROOM,
        (
            ("Ledger", "menu_book", "payments.ledgertransaction"),
            ("Ledger checkpoints", "verified", "payments.ledgercheckpoint"),
            ("Payout runs", "event_repeat", "payments.payoutrun"),
            ("Nightly comparisons", "compare_arrows", "payments.reconciliationrun"),
            ("Calls to providers", "swap_horiz", "payments.paymentoperation"),
            ("Messages of providers", "webhook", "payments.webhookevent"),
            ("Money to put right", "balance", "payments.settlement"),
            ("Events to deliver", "inbox", "bookings.eventreceipt"),
            ("API tokens", "key", "accounts.apitoken"),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar of whoever asks, with the number of undecided requests (one query)."""
    from bookings.phrases.host import undecided_count

    count = undecided_count(request.user)
    requests = {"title": "Requests", "icon": "concierge", "link": reverse("admin:index")}
    if count:
        requests |= {"badge": str(count), "badge_variant": "warning"}
    first, *others = _groups(request)
    return [{**first, "items": [requests, *first["items"]]}, *others]


def _groups(request: HttpRequest) -> Iterator[dict[str, Any]]:
    from django.apps import apps
    from django.contrib import admin

    from accounts.signed_in import person_of

    for title, links in SIDEBAR:
        items = []
        for text, icon, label in links:
            model_admin = admin.site.get_model_admin(apps.get_model(label))
            if model_admin.has_view_permission(request):
                link = reverse(f"admin:{label.replace('.', '_')}_changelist")
                items.append({"title": text, "icon": icon, "link": link})
        if title == "Money" and person_of(request).is_platform_staff:
            items.insert(0, {"title": "Overview", "icon": "monitoring", "link": reverse("admin:money")})
        yield {"title": title, "items": items, "collapsible": title == MACHINE_ROOM}


def environment(_request: HttpRequest) -> list[str] | None:
    """Return the badge that says this is a demo; production has none."""
    return ["Demo", "primary"] if settings.SANDBOX_URL else None


def stylesheet(_request: HttpRequest) -> str:
    return static("css/admin.css")


def logo(_request: HttpRequest) -> str:
    return static("img/logo.svg")


UNFOLD: dict = {
    "SITE_TITLE": "Roomhold",
    "SITE_HEADER": "Roomhold",
    "SITE_ICON": logo,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": logo}],
    "SITE_URL": "/",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": True,
    "ENVIRONMENT": "config.admin.menu.environment",
    "DASHBOARD_CALLBACK": "config.admin.first_page.dashboard",
    "STYLES": [stylesheet],
    "BORDER_RADIUS": "8px",
    "SIDEBAR": {"navigation": "config.admin.menu.navigation"},
    "ACCOUNT": {
        "navigation": [
            {"title": "Profile", "link": lambda _request: reverse("accounts:profile")},
            {"title": "Change password", "link": lambda _request: reverse("account_change_password")},
        ]
    },
    # The site's green teal on ink (static/css/base.css); 600 is the brand and carries white text.
    "COLORS": {
        "base": {
            "50": "oklch(98.2% .004 110)", "100": "oklch(95.8% .006 110)", "200": "oklch(91.2% .009 115)",
            "300": "oklch(85% .011 130)", "400": "oklch(63% .015 160)", "500": "oklch(50% .018 166)",
            "600": "oklch(43% .02 168)", "700": "oklch(36% .02 170)", "800": "oklch(27% .018 172)",
            "900": "oklch(20.5% .015 172)", "950": "oklch(15% .012 172)",
        },
        "primary": {
            "50": "oklch(97.5% .012 172)", "100": "oklch(94% .026 172)", "200": "oklch(89% .048 172)",
            "300": "oklch(83% .07 172)", "400": "oklch(78% .085 172)", "500": "oklch(66% .09 172)",
            "600": "oklch(42.5% .075 173)", "700": "oklch(35% .062 174)", "800": "oklch(31% .053 174)",
            "900": "oklch(27% .044 174)", "950": "oklch(20% .032 174)",
        },
    },
}  # fmt: skip
