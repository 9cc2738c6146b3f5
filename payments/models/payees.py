"""The history of where a venue's money goes: one row a change, which nobody changes or deletes."""

from django.conf import settings
from django.db import models

from core import clock
from rooms.models import Venue


class PayeeChange(models.Model):
    """Who changed a venue's payee and when; of accounts and keys only the end is told. The database keeps it so."""

    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, related_name="payee_changes")
    changed_at = models.DateTimeField(default=clock.now, editable=False)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    fields = models.JSONField(help_text="Names of what was changed")
    before = models.CharField(max_length=120, blank=True, help_text="Where the money went, by its end")
    after = models.CharField(max_length=120, blank=True, help_text="Where it goes since, by its end")

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["venue", "-changed_at"], name="payee_change_of_venue")]

    def __str__(self) -> str:
        return f"{self.venue}: {self.before or 'nothing'} → {self.after or 'nothing'}"
