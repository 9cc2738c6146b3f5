"""The demo's accounts: a guest, a host, one of the platform's staff. Their password is public."""

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group

from accounts.models import STAFF_GROUP, User

PASSWORD = "demo-roomhold"  # noqa: S105 - printed for everyone; the command refuses to run in production
GUEST, HOST, STAFF = "guest@demo.test", "host@demo.test", "staff@demo.test"
NAMES = {GUEST: "Demo Guest", HOST: "Demo Host", STAFF: "Demo Staff"}


def plant_people() -> dict[str, User]:
    """Make the accounts that are missing, with verified addresses; returns them by e-mail."""
    people = {email: _person(email) for email in NAMES}
    people[STAFF].groups.add(Group.objects.get_or_create(name=STAFF_GROUP)[0])
    return people


def _person(email: str) -> User:
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, PASSWORD, name=NAMES[email], is_staff=email != GUEST)
    EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user
