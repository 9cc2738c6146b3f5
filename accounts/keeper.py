"""What accounts hold about a person: user, addresses, tokens, second factors, sessions, marks in the admin's log."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db.models import Q

from accounts.models import User
from accounts.people import Blocker, Keeper, Person, rows_of
from core.security.scrub import scrub

BATCH = 500


class AccountKeeper(Keeper):
    def words(self, person: Person) -> set[str]:
        user = person.user
        if user is None:
            return set()
        return {user.name, user.email, user.phone, *user.former_addresses.values_list("email", flat=True)}

    def export(self, person: Person) -> dict[str, Any]:
        if person.user is None:
            return {}
        mine = {"user": person.user}
        return {
            "account": rows_of(User.objects.filter(pk=person.user.pk), "password", "session_epoch"),
            "addresses": rows_of(EmailAddress.objects.filter(**mine)),
            "former_addresses": rows_of(person.user.former_addresses.all()),
            "second_factor_resets": rows_of(person.user.second_factor_resets.all()),
            "notes": rows_of(person.user.notes.all(), "author_id"),
            "tokens": rows_of(person.user.api_tokens.all(), "digest"),
            "second_factors": rows_of(Authenticator.objects.filter(**mine), "data"),
            "acts_in_the_admin": rows_of(LogEntry.objects.filter(**mine)),
        }

    def blockers(self, person: Person) -> list[Blocker]:
        user = person.user
        if user and (user.is_platform_staff or user.memberships.exists()):
            return [
                Blocker("The person works here: take them off the team of every venue, or of staff, first")
            ]
        return []

    def erase(self, person: Person, pattern: Any) -> None:
        # What colleagues did to the person's rows names them, too.
        named = Q()
        for word in person.words:
            named |= Q(object_repr__icontains=word) | Q(change_message__icontains=word)
        scrub(LogEntry.objects.filter(named), pattern)
        _end_sessions(person)
        if person.user is not None:
            _erase_user(person.user)


def _erase_user(user: User) -> None:
    user.second_factor_resets.update(reason="")
    EmailAddress.objects.filter(user=user).delete()
    # Each address just deleted is one they had.
    user.former_addresses.all().delete()
    Authenticator.objects.filter(user=user).delete()
    user.notes.all().delete()
    user.api_tokens.all().delete()
    user.name = user.phone = ""
    user.email, user.is_active = f"erased-{user.pk}@erased.invalid", False
    user.session_epoch += 1
    user.set_unusable_password()
    user.save()


def _end_sessions(person: Person) -> None:
    """Delete the sessions that are the person's or hold a word of theirs, such as a form half filled in."""
    words = [word.casefold() for word in person.words]
    user_id = str(person.user.pk) if person.user else None
    for session in Session.objects.iterator(BATCH):
        data = session.get_decoded()
        told = str(data).casefold()
        if (user_id and data.get("_auth_user_id") == user_id) or any(word in told for word in words):
            session.delete()
