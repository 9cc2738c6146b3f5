"""Where a guest goes from the pay page, and when there is nothing to pay on it any more."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sandbox.octo.gateway import Payment


def return_url(payment: Payment) -> str:
    """The merchant's address with octo_status merged into whatever query it has."""
    parts = urlsplit(payment.return_url)
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != "octo_status"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("octo_status", payment.status)])))
