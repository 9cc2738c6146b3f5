"""What may go wrong on the way to a person or a browser, in two words."""


class Unavailable(Exception):
    """The channel cannot take the message now: try again later."""


class Refused(Exception):
    """The channel will never take this message: somebody must look."""
