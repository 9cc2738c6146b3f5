"""Mails and notices in the admin. Importing the package registers its pages."""

from notifications.admin import messages, venue_notices

__all__ = ["messages", "venue_notices"]
