"""The choices of a room: what it is, by what it is sold, who approves, and when the money is taken."""

from django.db import models


class Kind(models.TextChoices):
    HOTEL = "hotel", "Hotel room"
    CONFERENCE = "conference", "Conference room"
    EXPERT = "expert", "Expert session"
    WORKSHOP = "workshop", "Workshop"


class Unit(models.TextChoices):
    NIGHT = "night"
    HOUR = "hour"
    APPOINTMENT = "appointment"
    SEAT = "seat"


class Approval(models.TextChoices):
    AFTER_PAYMENT = "after_payment", "Host approves after the money is held"
    BEFORE_PAYMENT = "before_payment", "Host approves before the guest pays"
    NONE = "none", "No approval: booked at once"


class Capture(models.TextChoices):
    ON_CONFIRMATION = "on_confirmation", "When the booking is confirmed"
    AFTER_COMPLETION = "after_completion", "After it took place"
