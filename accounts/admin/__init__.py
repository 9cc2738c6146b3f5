"""People and their access in the admin. Importing the package registers its pages."""

from accounts.admin import people

__all__ = ["people"]
