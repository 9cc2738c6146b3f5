"""What every operation of the API may also answer, added to its OpenAPI document once."""

from http import HTTPStatus

from ninja.openapi.schema import OpenAPISchema

PROBLEM = {
    "title": "Problem",
    "description": "Why a request was refused (RFC 9457). `code` is for programs; some codes bring further fields.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "errors", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "examples": ["room_taken"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {
                    "field": {"type": "string"}, "code": {"type": "string"}, "message": {"type": "string"},
                },
            },
        },
        "request_id": {"type": "string"},
    },
}  # fmt: skip
ALWAYS = (400, 404, 422, 429, 503)
WITH_BODY = (413, 415)
WITH_LOGIN = (401, 403)


def document(schema: OpenAPISchema) -> OpenAPISchema:
    """Add the problem responses each operation may give; returns the document itself."""
    schema["components"]["schemas"]["Problem"] = PROBLEM
    for path in schema["paths"].values():
        for operation in path.values():
            responses = operation["responses"]
            for status in _problems(operation):
                responses.setdefault(status, _problem_response(status))
    return schema


def _problems(operation: dict) -> list[int]:
    return [
        *ALWAYS,
        *(WITH_BODY if "requestBody" in operation else ()),
        *(WITH_LOGIN if "security" in operation else ()),
        *operation.pop("x-problems", ()),
    ]


def _problem_response(status: int) -> dict:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": HTTPStatus(status).phrase, "content": content}
