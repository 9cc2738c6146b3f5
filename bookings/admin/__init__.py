"""The booking desk in the admin. Importing the package registers its pages."""

from bookings.admin import bookings, bulk, sessions

__all__ = ["bookings", "bulk", "sessions"]
