"""The one base of what a verb refuses: each app's refusals are kinds of it."""


class Refusal(Exception):
    """Why something cannot be done: `code` for programs, `message` for people, with the way out where there is one.

    `field` names what was typed wrong, as the caller called it; empty where no single field is to blame.
    """

    code: str

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.field = code, message, field
