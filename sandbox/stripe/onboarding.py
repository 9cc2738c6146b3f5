"""The page where a host tells the provider who they are, reduced to one button."""

from sandbox.markup import render
from sandbox.paypages import SEE_OTHER, Page, framed, notice
from sandbox.stripe import accounts
from sandbox.stripe.account import Json
from sandbox.stripe.engine import Engine


class OnboardingPage:
    """The pages under /connect/onboarding/<token>; every method takes the engine's lock."""

    def __init__(self, engine: Engine, merchant: str) -> None:
        self.engine = engine
        self.merchant = merchant

    def show(self, token: str) -> Page:
        with self.engine.lock:
            link = self._link(token)
            if link is None:
                return self._missing()
            if self._is_over(link):
                return Page(SEE_OTHER, location=link["refresh_url"])
            email = self.engine.account.one("account", link["account"])["email"] or link["account"]
            content = render(
                "onboarding.html", merchant=self.merchant, who=email, action=f"/connect/onboarding/{token}"
            )
            return Page(200, framed("Payout details", content))

    def complete(self, token: str) -> Page:
        with self.engine.lock:
            link = self._link(token)
            if link is None:
                return self._missing()
            if self._is_over(link):
                return Page(SEE_OTHER, location=link["refresh_url"])
            link["is_used"] = True
            account = self.engine.account
            accounts.set_state(account, account.one("account", link["account"]), "enabled")
        self.engine.on_change()
        return Page(SEE_OTHER, location=link["return_url"])

    def _link(self, token: str) -> Json | None:
        self.engine.tick()
        return self.engine.account.private.get(f"link_{token}")

    def _is_over(self, link: Json) -> bool:
        return bool(link.get("is_used")) or self.engine.account.now >= link["expires_at"]

    def _missing(self) -> Page:
        return notice(404, self.merchant, "There is no such page", "The link may be incomplete.", None, "")
