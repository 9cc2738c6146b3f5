"""A venue keeps an active owner, whoever changes its team or locks an account; only a suspended one may have none.

The database has the last word, at commit (trigger `venue_keeps_owner`); verbs and forms ask here first, to say it
kindly.
"""

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.forms.formsets import DELETION_FIELD_NAME

from accounts.models import User
from rooms.models import Venue, VenueMember

LAST_OWNER = "A venue needs an owner: name another one first."


def has_owner(venue: Venue) -> bool:
    """Return whether somebody who may sign in owns the venue."""
    return _owners().filter(venue=venue).exists()


def is_last_owner(member: VenueMember) -> bool:
    """Return whether the venue would have no owner left without this member."""
    return owned_alone(member.user).filter(pk=member.venue_id).exists()


def owned_alone(user: User) -> QuerySet[Venue]:
    """Return the venues, but for suspended ones, that would have no owner left without this person."""
    others = _owners().filter(venue=OuterRef("pk")).exclude(user=user)
    mine = Venue.objects.filter(members__user=user, members__role=VenueMember.Role.OWNER)
    return mine.exclude(status=Venue.Status.SUSPENDED).exclude(Exists(others))


class MemberFormSet(BaseInlineFormSet):
    """A team typed in at once: who owned the venue may go only if an owner is left."""

    def clean(self) -> None:
        super().clean()
        venue = self.instance
        is_bound_to_keep = venue.pk and venue.status != Venue.Status.SUSPENDED and has_owner(venue)
        if is_bound_to_keep and not any(_is_owner(form) for form in self.forms if not self._is_leaving(form)):
            raise ValidationError(LAST_OWNER, code="last_owner")

    def _is_leaving(self, form: ModelForm) -> bool:
        return self.can_delete and form.cleaned_data.get(DELETION_FIELD_NAME, False)


def _is_owner(form: ModelForm) -> bool:
    member: VenueMember = form.instance
    return bool(member.user_id) and member.role == VenueMember.Role.OWNER and member.user.is_active


def _owners() -> QuerySet[VenueMember]:
    return VenueMember.objects.filter(role=VenueMember.Role.OWNER, user__is_active=True)
