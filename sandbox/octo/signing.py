"""The two signatures of callbacks that are told of; both SHA-1, in upper-case hex."""

import hashlib


def scheme_u(unique_key: str, uuid: str, status: str) -> str:
    return _sha1(unique_key + uuid + status).upper()


def scheme_n(secret: str, hash_key: str, uuid: str, status: str) -> str:
    return _sha1(_sha1(secret + hash_key) + uuid + status).upper()


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()
