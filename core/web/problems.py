"""How the API says no: RFC 9457 problem+json with a `code` for programs and a sentence for people."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus

from django.http import HttpRequest, JsonResponse

from core.errors import Refusal

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field of a request; `field` is its path, such as `guest.email`."""

    field: str
    code: str
    message: str


class Problem(Refusal):
    """A refusal an endpoint raises; `more` joins the answer's top level."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str = "",
        *,
        errors: Iterable[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **more: object,
    ) -> None:
        super().__init__(code, detail or code)
        self.status, self.detail = status, detail
        self.errors, self.headers, self.more = tuple(errors), dict(headers or {}), more


def answer(request: HttpRequest, problem: Problem) -> JsonResponse:
    """Return the problem+json of a refusal; never kept by a cache.

    Shape: `{type, title, status, detail, code, errors: [{field, code, message}], request_id}` and `problem.more`.
    """
    title = HTTPStatus(problem.status).phrase
    body = {
        **problem.more,
        "type": f"urn:roomhold:problem:{problem.code}",
        "title": title,
        "status": problem.status,
        "detail": problem.detail or f"{title}.",
        "code": problem.code,
        "errors": [asdict(error) for error in problem.errors],
        "request_id": getattr(request, "request_id", ""),
    }
    headers = {"Cache-Control": "no-store", **problem.headers}
    return JsonResponse(body, status=problem.status, content_type=CONTENT_TYPE, headers=headers)
