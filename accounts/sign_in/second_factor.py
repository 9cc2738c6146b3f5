"""The second factor: who must have one, who has one, and what is shut to those who lack it.

Kept by allauth.mfa: an authenticator app (TOTP) or a security key (WebAuthn), with recovery codes beside them.
"""

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.urls import reverse

from accounts.models import User
from core.security import crypto
from core.web.problems import Problem

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
OWNER = "owner"  # a role of rooms, which lies above


class MFAAdapter(DefaultMFAAdapter):
    """Seeds lie encrypted in the database; security keys are bound to SITE_URL, whatever host a request names."""

    def encrypt(self, text: str) -> str:
        return crypto.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return crypto.decrypt(encrypted_text)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": settings.SITE_HOST.partition(":")[0], "name": settings.MFA_TOTP_ISSUER}


def has_one(user: User) -> bool:
    return is_mfa_enabled(user, FACTORS)


def is_required_of(user: User) -> bool:
    """True of those whose session moves other people's money: platform staff, and owners of a venue."""
    if not settings.MFA_REQUIRED or not user.is_active:
        return False
    return user.is_platform_staff or user.memberships.filter(role=OWNER).exists()


def is_missing(user: User) -> bool:
    return is_required_of(user) and not has_one(user)


def require(user: User) -> None:
    """Refuse an API call of a session that must have a second factor and has none. Raises: Problem 403."""
    if is_missing(user):
        where = reverse("mfa_index")
        detail = f"Owners and staff need a second factor for this. Set one up at {where}."
        raise Problem(403, "second_factor_required", detail)
