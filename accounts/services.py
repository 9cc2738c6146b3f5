"""Verbs of accounts."""

import structlog
from django.db import transaction
from django.db.models import F

from accounts.models import ApiToken, User

log = structlog.get_logger(__name__)

# Enough for every program a host runs; a lost one is revoked, not outlived by a hundred others.
MAX_TOKENS = 20


class TooManyTokens(Exception):
    """The user has as many tokens as one may have."""


@transaction.atomic
def issue_token(*, user: User, name: str, scopes: list[str], days: int) -> str:
    """Make an API token and return it in plain, for the only time. Raises: TooManyTokens."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if user.api_tokens.count() >= MAX_TOKENS:
        raise TooManyTokens
    row, plain = ApiToken.issue(user=user, name=name, scopes=scopes, days=days)
    log.info("api_token_issued", user_id=user.pk, token_id=row.pk, scopes=scopes, days=days)
    return plain


def sign_out_everywhere(*, user: User, end_tokens: bool) -> None:
    """End every session of a user, the one that asks too, and on wish every API token."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
    if end_tokens:
        user.api_tokens.all().delete()
    log.info("signed_out_everywhere", user_id=user.pk, tokens=end_tokens)


def revoke_token(*, user: User, token_id: int) -> bool:
    """Delete one of the user's own tokens; return whether there was one."""
    deleted, _ = ApiToken.objects.filter(user=user, pk=token_id).delete()
    if deleted:
        log.info("api_token_revoked", user_id=user.pk, token_id=token_id)
    return bool(deleted)
