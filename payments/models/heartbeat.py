"""When each sweep last ran, so that one that stopped is noticed."""

from django.db import models


class Heartbeat(models.Model):
    """One sweep's last round; written around each run, whatever process it ran in."""

    task = models.CharField(max_length=120, primary_key=True)
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.task
