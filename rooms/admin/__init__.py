"""What hosts manage in the admin. Importing the package registers its pages."""

from rooms.admin import closings, rooms

__all__ = ["closings", "rooms"]
