"""The API under /api/v1: its routers, how it reads requests, and how it says no."""

import functools
import json
from collections.abc import Callable
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.urls import URLPattern, URLResolver, re_path
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser

from bookings.api.bookings import router as bookings_router
from bookings.api.closings import router as closings_router
from bookings.api.sessions import router as sessions_router
from bookings.errors import AlreadyDecided, PriceChanged
from bookings.limits.services import TooManyRequests
from config.api.openapi import document
from core.errors import Refusal
from core.web.problems import FieldError, Problem, answer
from payments.api.balance import router as balance_router
from payments.api.checkout import router as payments_router
from payments.api.refunds import router as refunds_router
from payments.api.settings import router as settings_router
from payments.phrases import UNAVAILABLE
from payments.providers.base import Declined, ProviderError
from rooms.api.rooms import router as rooms_router
from rooms.api.team import router as team_router
from rooms.availability.stays import InvalidStay

log = structlog.get_logger(__name__)

DESCRIPTION = """\
Search rooms, book, pay, decide. Amounts are integers in minor units with their `currency`, instants ISO 8601 with
offset, lists `{"items", "next"}`, refusals `application/problem+json` with a `code`.\
"""


class StrictParser(Parser):
    """Reads JSON and queries in one way only: nothing twice, no NUL, no numbers beyond JSON's."""

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != "application/json":
            raise Problem(415, "unsupported_media_type", "Send the body as application/json.")
        text = request.body.decode()
        data = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
        # Only an escape can smuggle in what PostgreSQL's text cannot hold.
        if "\\u" in text and not _is_storable(data):
            raise Problem(400, "invalid_body", "The body holds a NUL or half a character.")
        return data

    def parse_querydict(self, data: MultiValueDict, list_fields: list[str], request: HttpRequest) -> dict:
        for name, values in data.lists():
            if len(values) > 1 and name not in list_fields:
                raise _invalid(name, "repeated", "Give this parameter once.")
            if any("\0" in value for value in values):
                raise _invalid(name, "null_character", "This holds a NUL character.")
        return super().parse_querydict(data, list_fields, request)


def _object(pairs: list[tuple[str, Any]]) -> dict:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Problem(400, "invalid_body", "The body names a field twice.")
    return found


def _is_storable(data: Any) -> bool:
    if isinstance(data, str):
        return "\0" not in data and not any("\ud800" <= character <= "\udfff" for character in data)
    parts = (
        [*data.keys(), *data.values()] if isinstance(data, dict) else data if isinstance(data, list) else []
    )
    return all(map(_is_storable, parts))


def _no_constant(name: str) -> None:
    raise Problem(400, "invalid_body", f"{name} is no number of JSON.")


def _invalid(parameter: str, code: str, message: str) -> ValidationError:
    return ValidationError([{"loc": ("query", parameter), "type": code, "msg": message}])


class RoomholdAPI(NinjaAPI):
    """NinjaAPI whose every answer to a mistake is a problem+json, unknown addresses and methods included."""

    @property
    def urls(self) -> tuple[list[URLPattern | URLResolver], str, str]:
        patterns, app_name, namespace = super().urls
        for pattern in patterns:
            if not isinstance(pattern, URLPattern):
                continue  # ninja has none
            is_root = pattern.name == "api-root"  # ninja reverses it, but has nothing to show there
            pattern.callback = _as_problem(_no_such_address if is_root else pattern.callback)
        unknown = re_path("", _as_problem(_no_such_address), name="unknown")
        return [*patterns, unknown], app_name, namespace

    def get_openapi_schema(self, *_prefix: Any, **_options: Any) -> OpenAPISchema:
        return self._document

    @functools.cached_property
    def _document(self) -> OpenAPISchema:
        return document(super().get_openapi_schema())


def _as_problem(view: Callable[..., Any]) -> Callable[..., HttpResponse]:
    """Turn what ninja leaves to Django (404 outside operations, 405) into a problem."""

    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except Http404 as error:
            return on_missing(request, error)
        if isinstance(response, HttpResponseNotAllowed):
            allow = ", ".join(sorted(response["Allow"].split(", ")))
            problem = Problem(405, "method_not_allowed", f"Use {allow}.", headers={"Allow": allow})
            return answer(request, problem)
        return response

    # ninja checks CSRF itself where the site's login is used.
    wrapped.csrf_exempt = True  # type: ignore[attr-defined]  # Django's own way to mark a view
    return wrapped


def _no_such_address(request: HttpRequest, **_kwargs: Any) -> HttpResponse:
    raise Http404("There is nothing at this address; see /api/v1/openapi.json.")


api = RoomholdAPI(
    title="Roomhold", version="1", description=DESCRIPTION, urls_namespace="api", docs_url=None,
    docs_decorator=require_safe, parser=StrictParser(),
)  # fmt: skip
api.add_router("", rooms_router)
api.add_router("", bookings_router)
api.add_router("", sessions_router)
api.add_router("", closings_router)
api.add_router("", team_router)
api.add_router("", payments_router)
api.add_router("", settings_router)
api.add_router("", balance_router)
api.add_router("", refunds_router)


# --- errors ---------------------------------------------------------------------------------------------------


@api.exception_handler(Problem)
def on_problem(request: HttpRequest, error: Problem) -> HttpResponse:
    return answer(request, error)


@api.exception_handler(ValidationError)
def on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    # Alternatives of one field each complain; the first says enough.
    errors = {one.field: one for one in reversed([_field_error(one) for one in error.errors])}
    detail = "Some fields are wrong: see `errors`."
    return answer(request, Problem(422, "invalid", detail, errors=reversed(errors.values())))


def _field_error(error: dict) -> FieldError:
    source, *path = error["loc"]
    # Endpoints call their whole body `body`, their query `query`: no part of a field's name.
    if path[:1] == [source]:
        path = path[1:] or path
    names = [str(part) for part in path if not str(part).startswith("literal[")]
    return FieldError(".".join(names), error["type"], error["msg"])


@api.exception_handler(InvalidStay)
def on_invalid_stay(request: HttpRequest, error: InvalidStay) -> HttpResponse:
    errors = [FieldError(error.field, error.code, error.message)]
    return answer(request, Problem(422, "invalid", error.message, errors=errors))


@api.exception_handler(Refusal)
def on_refusal(request: HttpRequest, error: Refusal) -> HttpResponse:
    return answer(request, Problem(409, error.code, error.message, **_facts(error)))


def _facts(error: Refusal) -> dict:
    """Return what a program needs to act on a refusal."""
    if isinstance(error, PriceChanged):
        quote = error.quote
        return {
            "lines": quote.as_lines(), "total_minor": quote.total_minor, "tax_minor": quote.tax_minor,
            "currency": quote.currency, "held_today_minor": quote.held_today_minor,
            "charged_today_minor": quote.charged_today_minor, "capture": quote.capture,
        }  # fmt: skip
    if isinstance(error, AlreadyDecided):
        return {"decision": error.decision, "decided_by": error.by, "decided_at": error.at.isoformat()}
    return {}


@api.exception_handler(TooManyRequests)
def on_too_many(request: HttpRequest, error: TooManyRequests) -> HttpResponse:
    headers = {"Retry-After": str(error.retry_after)}
    return answer(request, Problem(429, error.code, error.message, headers=headers))


@api.exception_handler(ProviderError)
def on_provider_error(request: HttpRequest, error: ProviderError) -> HttpResponse:
    log.warning("checkout_unavailable", kind=type(error).__name__, code=error.code)
    if isinstance(error, Declined):
        return answer(request, Problem(502, "payment_refused", "The payment provider refused this payment."))
    headers = {"Retry-After": "30"}
    detail = f"{UNAVAILABLE}. The room stays held; try again in a moment."
    return answer(request, Problem(503, "payment_unavailable", detail, headers=headers))


@api.exception_handler(Http404)
def on_missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return answer(request, Problem(404, "not_found", str(error)))


@api.exception_handler(AuthenticationError)
def on_unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    detail = (
        "Send `Authorization: Bearer <token>`, or `Authorization: Booking <secret>` for a guest's booking."
    )
    headers = {"WWW-Authenticate": 'Bearer realm="Roomhold", Booking realm="Roomhold"'}
    return answer(request, Problem(401, "unauthorized", detail, headers=headers))


@api.exception_handler(PermissionDenied)
def on_forbidden(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return answer(request, Problem(403, "forbidden", str(error) or "This is not yours to do."))


@api.exception_handler(HttpError)
def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, Problem):  # from the parser, which ninja wraps
        return answer(request, error.__cause__)
    if error.status_code == 400:
        return answer(request, Problem(400, "invalid_body", "The body is not valid JSON in UTF-8."))
    return answer(request, Problem(error.status_code, "http_error", error.message))


@api.exception_handler(RequestDataTooBig)
def on_too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return answer(request, Problem(413, "too_large", "The body is larger than 1 MB."))


@api.exception_handler(SuspiciousOperation)
@api.exception_handler(UnreadablePostError)
def on_suspicious(request: HttpRequest, error: Exception) -> HttpResponse:
    return answer(request, Problem(400, "bad_request"))


@api.exception_handler(OperationalError)
@api.exception_handler(InterfaceError)
def on_database_error(request: HttpRequest, error: Exception) -> HttpResponse:
    """The database is away, or another request kept a lock too long."""
    log.error("database_unavailable", error=str(error).strip())
    detail = (
        "The service is busy. Try again in a moment; with the same Idempotency-Key nothing happens twice."
    )
    return answer(request, Problem(503, "temporarily_unavailable", detail, headers={"Retry-After": "2"}))


@api.exception_handler(Exception)
def on_unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("api_failed", path=request.path, exc_info=error)
    return answer(request, Problem(500, "internal_error", "Something went wrong here. It has been noted."))
