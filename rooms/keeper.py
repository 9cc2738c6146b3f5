"""What rooms hold about a person: places on teams, invitations, mails about venues; and venues left without them."""

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from accounts.models import User
from accounts.people import Blocker, Keeper, Person, rows_of
from core.security.scrub import pattern_of, scrub
from rooms.models import Invitation, Venue, VenueMember, VenueNotice
from rooms.team.owners import owned_alone


class RoomKeeper(Keeper):
    def words(self, person: Person) -> set[str]:
        return set(_invitations(person).values_list("email", flat=True))

    def export(self, person: Person) -> dict[str, Any]:
        return {
            "teams": rows_of(VenueMember.objects.filter(user=person.user)) if person.user else [],
            "invitations": rows_of(_invitations(person), "digest"),
            "mails_about_venues": rows_of(_notices(person)),
        }

    def blockers(self, person: Person) -> list[Blocker]:
        """A venue must go on saying who answers for it, and where it is reached: its owner names another first."""
        found = []
        for venue in _venues_known(person).select_related("identity"):
            if venue.email.lower() in person.emails:
                found.append(
                    Blocker(f"{venue} is reached at this address: its owner gives another one first")
                )
            identity = getattr(venue, "identity", None)
            named = identity and f"{identity.person_name}\n{identity.legal_name}"
            if named and pattern_of(person.words).search(named):
                found.append(Blocker(f"The person answers for {venue}: its owner names another one first"))
        return found

    def why_not_locked(self, user: User) -> list[str]:
        return [
            f"{venue} would have no owner: name another one first, or suspend it."
            for venue in owned_alone(user)
        ]

    def erase(self, person: Person, pattern: Any) -> None:
        _invitations(person).filter(accepted_at=None).delete()
        _invitations(person).update(email=_nobody())
        mine = VenueNotice.objects.filter(pk__in=list(_notices(person).values_list("pk", flat=True)))
        mine.update(recipient=_nobody(), link="", next_attempt_at=None)
        # What colleagues are told names the person, too.
        named = Q()
        for word in person.words:
            named |= Q(subject__icontains=word) | Q(paragraphs__icontains=word)
        scrub(VenueNotice.objects.filter(named), pattern)


def worked_at(user: User) -> QuerySet[Venue]:
    """Return the venues at which the person ever did something, on the team or not any more."""
    acts = LogEntry.objects.filter(user=user, content_type=ContentType.objects.get_for_model(Venue))
    # An entry's id is text: of any model's key.
    ids = [int(pk) for pk in acts.values_list("object_id", flat=True).distinct() if pk and pk.isdecimal()]
    return Venue.objects.filter(Q(pk__in=ids) | Q(invitations__accepted_by=user)).distinct()


def _venues_known(person: Person) -> QuerySet[Venue]:
    """Return the venues that may name the person. A name alone is none: others have it, too."""
    named = Q(pk__in=worked_at(person.user).values("pk")) if person.user else Q()
    for email in person.emails:
        named |= Q(email__iexact=email)
    return Venue.objects.filter(named).order_by("pk")


def _invitations(person: Person) -> QuerySet[Invitation]:
    mine = Q(accepted_by=person.user) if person.user else Q()
    for email in person.emails:
        mine |= Q(email__iexact=email)
    return Invitation.objects.filter(mine)


def _notices(person: Person) -> QuerySet[VenueNotice]:
    mine = Q()
    for email in person.emails:
        mine |= Q(recipient__iexact=email)
    return VenueNotice.objects.filter(mine)


def _nobody() -> Concat:
    return Concat(Value("erased-"), Cast(F("pk"), CharField()), Value("@erased.invalid"))
