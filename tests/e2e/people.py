"""The people of the browser tests: what they see and do, each in a browser of their own."""

import datetime as dt
import email
import email.policy
import functools
import re
import uuid
from collections.abc import Callable
from typing import Any

from django.core.files.base import ContentFile
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

from accounts.models import User
from bookings.models import Booking
from core import clock
from rooms import services as room_services
from rooms.demo.pictures import Picture, draw
from rooms.models import Room, RoomPhoto, VenueMember
from tests.e2e import pictures
from tests.e2e.accessibility import check_accessible
from tests.flows.journey import Journey, wait_for
from tests.support import factories

DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
SCREENS = {"desktop": DESKTOP, "phone": PHONE}

VISA = "4242 4242 4242 4242"
ROOMS_OF_KIND = {
    "conference": ("Copper Boardroom", "Ten chairs around one table, with a view of the river."),
    "expert": ("Pricing Clinic", "An hour with somebody who has priced three hundred products."),
    "workshop": ("Tile Painting", "Paint six tiles, and take them home a week later."),
}
EMAIL = re.compile("^E-?mail", re.IGNORECASE)


# What the rooms look like, by kind: scene, alternative text.
SHOTS = {
    "hotel": ("bedroom", "A made bed between two lamps"),
    "conference": ("boardroom", "A long table with chairs around it"),
    "expert": ("consult", "Two armchairs by a window"),
    "workshop": ("workshop", "A workbench with tools on the wall"),
}


@functools.cache
def photograph_of(scene: str) -> bytes:
    return draw(Picture(name=scene, scene=scene, palette="terracotta", city="Lisbon", hour="golden"))


def photograph(room: Room) -> None:
    """Give a room a picture like those of the demo."""
    scene, alt = SHOTS[room.kind]
    RoomPhoto.objects.create(room=room, image=ContentFile(photograph_of(scene), name=f"{scene}.jpg"), alt=alt)


class Scene(Journey):
    """A journey's room, its people, and the provider, for tests with browsers."""

    def __init__(self, stack: Any) -> None:
        super().__init__(stack)
        self.room.name, self.room.description = (
            "Magnolia Double",
            "A quiet room with a magnolia before the window.",
        )
        self.room.venue.name = "Maison du Canal"
        self.room.save()
        self.room.venue.save()
        photograph(self.room)

    def sell(self, kind: str, **fields: Any) -> Room:
        """Make a room of another kind the journey's: sold the way its kind is, unless told otherwise."""
        name, description = ROOMS_OF_KIND[kind]
        fields = {"name": name, "description": description, **fields}
        self.room = factories.room(venue=self.room.venue, kind=kind, **fields)
        photograph(self.room)
        return self.room

    def give_policy(self, name: str) -> None:
        """Put one of the ready-made cancellation policies on the journey's room."""
        room_services.add_ready_made_policies(self.room.venue)
        self.room.policy = self.room.venue.policies.get(name=name)
        self.room.save()

    def advance_to(self, moment: dt.datetime) -> None:
        """Move the clock of sandbox and site to an instant that lies ahead."""
        self.advance(seconds=(moment - clock.now()).total_seconds())

    @property
    def clerk(self) -> User:
        """A member of the venue's team who may answer requests, and no more."""
        return factories.host(venue=self.room.venue, role=VenueMember.Role.CLERK)

    def at_provider(self) -> dict[str, Any]:
        """Return what the provider's books say of this booking's last payment."""
        mine = [
            row for row in self.control("books")["stripe"]["payments"] if row["reference"] == self.reference
        ]
        return (
            {name: mine[-1][name] for name in ("status", "captured_minor", "refunded_minor")} if mine else {}
        )

    def advance(self, **span: float) -> None:
        """Move the clock of sandbox and site: `advance(minutes=40)`."""
        self.control("clock", {"advance_seconds": int(dt.timedelta(**span).total_seconds())})

    def spoil(self, provider: str, operation: str, fault: str = "error_500") -> None:
        """Let a provider's call fail until `mend`."""
        self.control("faults", {"provider": provider, "operation": operation, "fault": fault, "times": 0})

    def mend(self) -> None:
        self.call("DELETE", f"{self.stack.sandbox_url}/_control/faults")


class Person:
    """Somebody with a browser. `complaints` is what their pages wrote to the console as errors."""

    def __init__(self, context: BrowserContext, journey: Scene) -> None:
        self.context, self.journey, self.stack = context, journey, journey.stack
        self.complaints: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.complaints.append(f"uncaught: {error.error}"))
        self.page: Page = context.new_page()

    def _hear(self, message: ConsoleMessage) -> None:
        said = f"{message.text} ({message.location['url']})"
        if message.type == "error" and not any(pattern.search(said) for pattern in self._expected):
            self.complaints.append(said)

    @property
    def screen_width(self) -> int:
        return (self.page.viewport_size or {})["width"]

    @property
    def is_on_phone(self) -> bool:
        return self.screen_width <= PHONE["viewport"]["width"]

    def expects(self, pattern: str) -> None:
        """From now on console errors like this are no complaint."""
        self._expected.append(re.compile(pattern))

    def open(self, path: str) -> None:
        """Go to a page of the site (a path) or elsewhere (a whole address)."""
        self.page.goto(path if "://" in path else self.stack.url + path)

    def sees(self, text: str | re.Pattern[str], *, timeout: float | None = None) -> Locator:
        """Wait until a text is visible on the page, and return where."""
        found = self.page.get_by_text(text).filter(visible=True).first
        expect(found).to_be_visible(timeout=timeout)
        return found

    def click(self, name: str | re.Pattern[str], role: Any = "button") -> None:
        self.press(self.page.get_by_role(role, name=name).filter(visible=True))

    def press(self, target: Locator) -> None:
        """Click, or tap on a phone."""
        target.first.tap() if self.is_on_phone else target.first.click()

    def open_mail(self, subject: str, *, to: str) -> None:
        """Find a mail at /demo/mail/, where it arrives within seconds, and open it."""
        wait_for(lambda: self._mails(subject, to))
        self.open(f"/demo/mail/?q={to}")
        self.click(re.compile(re.escape(subject)), "link")
        expect(self.page.get_by_role("heading", name=subject)).to_be_visible()

    def _mails(self, subject: str, to: str) -> bool:
        found = (email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
                 for file in sorted(self.stack.mail_dir.glob("*.eml"), reverse=True))  # fmt: skip
        return any(to in mail["To"] and subject in mail["Subject"] for mail in found)

    def fill_in_login(self, email: str, password: str) -> None:
        self.page.get_by_label(EMAIL).fill(email)
        self.page.get_by_label("Password").fill(password)
        self.click("Sign in")

    def checks(self, name: str = "", *, full: bool = False, guest_page: bool = True) -> None:
        """Look the page over: nothing hangs out sideways, axe has nothing to say; keep a picture under `name`."""
        self.page.wait_for_load_state()  # with its style sheets
        # Not innerWidth: a phone's browser zooms out until the widest thing fits.
        width, screen = self.page.evaluate("document.scrollingElement.scrollWidth"), self.screen_width
        assert width <= screen, f"{self.page.url} scrolls sideways: {width} > {screen}"
        if guest_page:
            check_accessible(self.page)
        if name:
            pictures.take(self.page, name, full=full)


class Host(Person):
    """A member of the journey's venue, at the desk in the admin."""

    def log_in(self, email: str = "", password: str = factories.PASSWORD) -> None:
        """Come by the admin's door and land on the requests."""
        self.open("/admin/")
        self.fill_in_login(email or self.journey.host.email, password)
        expect(self.page.get_by_role("heading", name="Waiting for an answer")).to_be_visible()

    def confirm_password(self, password: str = factories.PASSWORD) -> None:
        """Type the password once more, as pages on where money goes ask for, and come back to the page."""
        self.page.get_by_label("Password").fill(password)
        self.click("Confirm")

    def open_request(self, guest_name: str) -> None:
        """Find a guest's request in the inbox, where it appears by itself, and open it."""
        self.click(re.compile(guest_name), "link")
        expect(self.page.locator("#booking")).to_be_visible()

    def approve(self) -> None:
        """Approve by the button and the confirm step."""
        self.click("Approve", "link")
        expect(self.page.get_by_role("heading", name="Approve this request?")).to_be_visible()
        self.click("Approve")

    def decline(self, reason: str) -> None:
        """Decline by the button and the confirm step."""
        self.click("Decline", "link")
        self.fill_in_reason(reason)
        self.click("Decline")

    def fill_in_reason(self, reason: str) -> None:
        self.page.get_by_label("Reason, for the guest to read").fill(reason)

    def sees_state(self, text: str) -> None:
        """The request's page shows this state, without a reload by hand."""
        expect(self.page.locator(".rh-lead-state")).to_contain_text(text)


class Guest(Person):
    """Somebody who wants the journey's room, without an account until they sign up."""

    name = "Ada Guest"

    def __init__(self, context: BrowserContext, journey: Scene) -> None:
        super().__init__(context, journey)
        self.email = f"{uuid.uuid4().hex[:8]}@example.org"

    # --- an account

    def sign_up(self, password: str) -> None:
        """Fill in the sign-up form, which answers that a mail is on its way."""
        self.page.get_by_label("Your name").fill(self.name)
        self.page.get_by_label(EMAIL).fill(self.email)
        for box in self.page.get_by_label(re.compile("Password")).all():
            box.fill(password)
        self.click("Create account")
        self.heads("Look into your mail")

    def log_in(self, password: str, email: str = "") -> None:
        self.open("/account/login/")
        self.fill_in_login(email or self.email, password)
        self.heads("My bookings")

    # --- finding and booking

    def choice(self, *, days_ahead: int = 10, nights: int = 2, guests: int = 2) -> str:
        """Return dates as the query string of a room's page, counted from today by the stack's clock."""
        first = clock.now().astimezone(self.journey.room.venue.zone).date() + dt.timedelta(days=days_ahead)
        last = first + dt.timedelta(days=nights)
        return f"check_in={first}&check_out={last}&party_size={guests}"

    def open_room(self, name: str) -> None:
        """Press a room's card among the results."""
        self.press(self.page.get_by_role("article").get_by_role("link", name=name))
        self.heads(name)

    def choose(self, **choice: int) -> None:
        """Open the room's page with dates in its address, and go on to the book form."""
        self.open(f"{self.journey.room.get_absolute_url()}?{self.choice(**choice)}")
        self.click("Continue")
        self.heads("Complete your booking")

    def choose_two_nights(self) -> None:
        """On the page of a room by the night: turn to the next month, and take the nights of its 15th and 16th."""
        title = self.page.locator("#calendar h3")
        month_before = title.inner_text()
        self.press(self.page.locator("#calendar a").last)
        # Not in the month shown before: it is about to be swapped away, and what was tapped in it is lost.
        expect(title).not_to_have_text(month_before)
        month = self.page.locator("#calendar .month").first
        self.press(month.get_by_role("button", name=re.compile(r" 15, \d+, free")))
        self.press(month.get_by_role("button", name=re.compile(" 17, ")))

    def choose_time(self, *, days_ahead: int) -> None:
        """On the page of a room by the hour or appointment: pick its first free time from a day on, and go on."""
        today = clock.now().astimezone(self.journey.room.venue.zone).date()
        times = self.page.locator(".times label")
        for later in range(7):  # the house may be closed that day of the week
            day = today + dt.timedelta(days=days_ahead + later)
            self.open(f"{self.journey.room.get_absolute_url()}?day={day}")
            if times.count():
                break
        self.press(times)
        self.sees("If you cancel")
        self.click("Continue")
        self.heads("Complete your booking")

    def fill_in(self, *, message: str = "") -> None:
        """Type who is coming."""
        self.page.get_by_label("Your name").fill(self.name)
        self.page.get_by_label("E-mail").fill(self.email)
        if message:
            self.page.get_by_label(re.compile("Message to the host|What is it about")).fill(message)

    def go_to_payment(self) -> None:
        """Send the book form, and land on the provider's page."""
        self.click("Continue to payment")
        self.heads("Pay by card")

    def book(self, **choice: int) -> None:
        """From the room's page to the provider's pay page, as a guest without account."""
        self.choose(**choice)
        self.fill_in()
        self.go_to_payment()
        self.take_note()

    def take_note(self) -> None:
        """Make this guest's newest booking the journey's."""
        self.journey.reference = Booking.objects.filter(guest_email=self.email).latest("pk").reference
        self.journey.secret = self.journey.booking.secret

    # --- paying

    def fill_in_card(self, card: str = VISA) -> None:
        self.page.get_by_label("Card number").fill(card)
        self.page.get_by_label("Expiry").fill("12 / 40")
        self.page.get_by_label("CVC").fill("123")
        self.page.get_by_label("Name on card").fill(self.name)

    def pay(self, card: str = VISA) -> None:
        """Fill in the provider's form and send it."""
        self.fill_in_card(card)
        self.click(re.compile("^Pay "))

    def leaves_pay_page(self) -> None:
        """Go back to the site by the provider's own link, without having paid."""
        self.click(re.compile("Back to"), "link")
        self.page.wait_for_url(f"{self.stack.url}/bookings/**")

    def pay_and_return(self) -> None:
        """Pay with a good card and follow the return page to the booking, which awaits the host."""
        self.pay()
        self.heads("Your money is held, not taken")
        self.click("See your booking", "link")
        self.heads("Awaiting the host")

    # --- the booking's page

    def heads(self, headline: str | re.Pattern[str], *, timeout: float | None = None) -> None:
        """Wait until the page says this on top; on a booking's page it changes by itself."""
        heading = self.page.get_by_role("heading", name=headline).filter(visible=True).first
        expect(heading).to_be_visible(timeout=timeout)

    def stays_on_page(self) -> Callable[[], bool]:
        """Return a question: has the page been the same since now, without a reload?"""
        self.page.evaluate("window.untouched = true")
        return lambda: bool(self.page.evaluate("window.untouched === true"))

    def open_mail(self, subject: str, *, to: str = "") -> None:
        super().open_mail(subject, to=to or self.email)

    def follow_mail(self, label: str) -> None:
        """Press the button of the mail that is open."""
        self.press(self.page.frame_locator("iframe.mail-frame").get_by_role("link", name=label))
