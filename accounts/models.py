"""People who log in, and the tokens programs use in their name."""

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from accounts.scopes import SCOPES, USUAL, USUAL_DAYS
from core import clock, dates
from core.typed.columns import EmailColumn, LineColumn, PhoneColumn, ProseColumn

STAFF_GROUP = "Platform staff"


class UserManager(BaseUserManager["User"]):
    """Creates users known by their e-mail address."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractUser):
    """A guest, a host or a member of staff. `is_staff` only admits to the admin; hosts have it too."""

    username = first_name = last_name = None  # type: ignore[assignment]  # so Django leaves out fields of its base
    email = EmailColumn(unique=True)
    name = LineColumn(max_length=120, blank=True)
    phone = PhoneColumn(max_length=32, blank=True)
    # Raised to end every session at once; 0 leaves sessions as Django knows them.
    session_epoch = models.PositiveIntegerField(default=0, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    _password: str | None  # set until it is saved

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]  # its users have no names

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; a new password, whoever sets it and by whatever door, ends every API token."""
        is_new_password = self._password is not None and not self._state.adding
        super().save(*args, **kwargs)
        if is_new_password:
            self.api_tokens.all().delete()

    def get_session_auth_hash(self) -> str:
        return self._of_this_epoch(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        yield from map(self._of_this_epoch, super().get_session_auth_fallback_hash())

    def _of_this_epoch(self, own: str) -> str:
        return f"{self.session_epoch}:{own}" if self.session_epoch else own

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email

    @property
    def is_platform_staff(self) -> bool:
        """True for those who run the platform and may see every venue."""
        if not self.is_active:
            return False
        if self.is_superuser:
            return True
        # Asked several times a request; a user object does not outlive one.
        if not hasattr(self, "_is_platform_staff"):
            self._is_platform_staff = self.groups.filter(name=STAFF_GROUP).exists()
        return self._is_platform_staff


class FormerAddress(models.Model):
    """A verified address that was taken from an account; written by accounts.former_addresses."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="former_addresses")
    email = models.EmailField()
    replaced_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name_plural = "former addresses"

    def __str__(self) -> str:
        return self.email


class PersonNote(models.Model):
    """What staff want one another to know about a person. Written once; it goes with the person."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notes")
    text = ProseColumn(max_length=2000)
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "note"

    def __str__(self) -> str:
        # Into Django's log of what was done, which outlives the note.
        return f"Note of {dates.staff_moment_in_zone(self.created_at)}"


class ApiTokenQuerySet(models.QuerySet):
    def in_force(self) -> "ApiTokenQuerySet":
        return self.filter(expires_at__gt=clock.now(), user__is_active=True)

    def expired(self) -> "ApiTokenQuerySet":
        return self.filter(expires_at__lte=clock.now())


class ApiToken(models.Model):
    """A bearer token of a host or of staff; only its SHA-256 is stored. It ends by itself, and with the password."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = LineColumn(max_length=80)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=16, choices=SCOPES), editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField(db_index=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= clock.now()

    @staticmethod
    def digest_of(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def issue(
        cls, *, user: User, name: str, scopes: Iterable[str] = USUAL, days: int = USUAL_DAYS
    ) -> tuple["ApiToken", str]:
        """Make a token; returns the row and the plain token, which is shown once and never again."""
        plain = f"rh_{secrets.token_urlsafe(32)}"
        now = clock.now()
        row = cls.objects.create(
            user=user, name=name, digest=cls.digest_of(plain), scopes=list(scopes), created_at=now,
            expires_at=now + dt.timedelta(days=days),
        )  # fmt: skip
        return row, plain


class SecondFactorReset(models.Model):
    """Two of staff take away the second factor of somebody who lost theirs: one asks, another confirms."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="second_factor_resets")
    reason = LineColumn(max_length=200)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=clock.now, editable=False)
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(asked_by=models.F("user")), name="second_factor_reset_not_by_oneself"
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_by=None, confirmed_at=None)
                | (
                    models.Q(confirmed_by__isnull=False, confirmed_at__isnull=False)
                    & ~models.Q(confirmed_by=models.F("asked_by"))
                    & ~models.Q(confirmed_by=models.F("user"))
                ),
                name="second_factor_reset_by_two",
            ),
        ]

    def __str__(self) -> str:
        return f"Second factor of {self.user_id}"
