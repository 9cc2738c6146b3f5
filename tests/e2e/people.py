"""The people of the browser tests: what they see and do, each in a browser of their own."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

from tests import factories
from tests.e2e import pictures
from tests.e2e.accessibility import check_accessible
from tests.flows.journey import Journey

DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}

VISA = "4242 4242 4242 4242"


class Person:
    """Somebody with a browser. `complaints` is what their pages wrote to the console as errors."""

    def __init__(self, context: BrowserContext, journey: Journey) -> None:
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
        target = self.page.get_by_role(role, name=name).filter(visible=True).first
        if self.is_on_phone:
            target.tap()
        else:
            target.click()

    @property
    def is_on_phone(self) -> bool:
        return (self.page.viewport_size or {})["width"] < 600

    def checks(self, name: str = "", *, full: bool = False, guest_page: bool = True) -> None:
        """Look the page over: nothing hangs out sideways, axe has nothing to say; keep a picture under `name`."""
        width = self.page.evaluate("[document.scrollingElement.scrollWidth, window.innerWidth]")
        assert width[0] <= width[1], f"{self.page.url} scrolls sideways: {width[0]} > {width[1]}"
        if guest_page:
            check_accessible(self.page)
        if name:
            pictures.take(self.page, name, full=full)


class Host(Person):
    """A member of the journey's venue, at the desk in the admin."""

    def log_in(self, email: str = "", password: str = factories.PASSWORD) -> None:
        """Come by the admin's door and land on the requests."""
        self.open("/admin/")
        self.page.get_by_label("E-mail").fill(email or self.journey.host.email)
        self.page.get_by_label("Password").fill(password)
        self.click("Sign in")
        expect(self.page.get_by_role("heading", name="Waiting for an answer")).to_be_visible()

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
        self.click("Decline", "link")
        self.page.get_by_label("Reason, for the guest to read").fill(reason)
        self.click("Decline")

    def cancel(self, reason: str) -> None:
        self.click("Cancel the booking", "link")
        self.page.get_by_label("Reason, for the guest to read").fill(reason)
        self.click("Cancel the booking")

    def sees_state(self, text: str) -> None:
        """The request's page shows this state, without a reload by hand."""
        expect(self.page.locator(".rh-lead-state")).to_contain_text(text)
