"""Whose request it is, where only signed-in people come."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied

from accounts.signed_in import person_of


@pytest.mark.django_db
def test_person_of_request_with_user_is_that_user(rf, django_user_model):
    request = rf.get("/")
    request.user = django_user_model.objects.create_user("mira@roomhold.example", "a long password")

    assert person_of(request) == request.user


def test_person_of_request_of_nobody_is_refused(rf):
    request = rf.get("/")
    request.user = AnonymousUser()

    with pytest.raises(PermissionDenied):
        person_of(request)
