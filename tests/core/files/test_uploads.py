"""What comes in with a form: so many files, so large, and no more."""

import pytest
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from core.files.uploads import MAX_BYTES, MAX_FILES, MAX_REQUEST_BYTES, TOO_LARGE, TOO_MANY, RefusedFile


def sent(*contents: bytes) -> list:
    files = {f"file{n}": SimpleUploadedFile(f"{n}.png", content) for n, content in enumerate(contents)}
    return list(RequestFactory().post("/", files).FILES.values())


def test_ten_files_come_in_and_the_eleventh_says_why_not():
    *taken, refused = sent(*[b"x"] * (MAX_FILES + 1))

    assert [file.read() for file in taken] == [b"x"] * 10
    assert isinstance(refused, RefusedFile)
    assert (refused.reason, refused.size) == (TOO_MANY, 0)


def test_file_larger_than_allowed_is_kept_nowhere():
    large, small = sent(bytes(MAX_BYTES + 1), b"x")

    assert isinstance(large, RefusedFile)
    assert (large.reason, large.size) == (TOO_LARGE, 0)
    assert small.read() == b"x"


def test_file_of_the_largest_size_comes_in():
    (file,) = sent(bytes(MAX_BYTES))

    assert (type(file).__name__, file.size) == ("TemporaryUploadedFile", MAX_BYTES)


def test_request_too_large_is_refused_before_it_is_read():
    content_type = "multipart/form-data; boundary=x"
    request = RequestFactory().generic(
        "POST", "/", b"--x--\r\n", content_type, CONTENT_LENGTH=MAX_REQUEST_BYTES + 1
    )

    with pytest.raises(RequestDataTooBig):
        list(request.FILES)
