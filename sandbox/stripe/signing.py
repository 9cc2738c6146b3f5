"""The signature of a webhook: HMAC-SHA256 over "<time>.<body>", one v1 for each secret in force."""

import hashlib
import hmac


def signature_header(body: bytes, secrets: list[str], timestamp: int) -> str:
    signed = str(timestamp).encode() + b"." + body
    digests = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={digest}" for digest in digests)])
