import csv
import datetime as dt
import io
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import sepaxml
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from payments import bank_export, bank_files, payouts
from payments.bank_files import BankAccount, Transfer, csv_of, pain001
from payments.models import PaymentSettings, Payout
from tests import factories
from tests.payments import books

NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
OURS = BankAccount("Roomhold & Söhne GmbH", "DE89370400440532013000", "COBADEFFXXX")
PARIS = BankAccount("Hôtel de la Paix", "FR1420041010050500013M02606", "BNPAFRPP")
TASHKENT = BankAccount("Меҳмонхона «Ўзбекистон»", "20208000900123456001", "00974")


@pytest.fixture(scope="module")
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(Path(sepaxml.__file__).parent / "schemas" / "pain.001.001.09.xsd")


def transfer(to: BankAccount = PARIS, amount_minor: int = 9_000, currency: str = "EUR", **more) -> Transfer:
    return Transfer(
        **{"reference": "a" * 32, "text": "Payout", **more},
        to=to,
        amount_minor=amount_minor,
        currency=currency,
    )


def document(*transfers: Transfer, ours: BankAccount = OURS) -> bytes:
    return pain001(transfers, message_id="RH-20260302060000-abc123", made_at=NOW, ours=ours)


def found(content: bytes, path: str) -> list[str]:
    steps = "/".join(f"{{{bank_files.NAMESPACE}}}{step}" for step in path.split("/"))
    return [node.text for node in ET.fromstring(content).iterfind(f".//{steps}")]


# --- the document -----------------------------------------------------------------------------------------------


def test_document_of_three_currencies_is_valid_and_sums_by_block(schema):
    content = document(
        transfer(), transfer(amount_minor=1, reference="b" * 32), transfer(TASHKENT, 45_000_000, "UZS"),
        transfer(BankAccount("Conf House", "GB29NWBK60161331926819"), 12_345, "GBP"),
    )  # fmt: skip

    schema.validate(io.BytesIO(content))
    assert found(content, "GrpHdr/NbOfTxs") == ["4"]
    assert found(content, "PmtInf/CtrlSum") == ["90.01", "123.45", "450000.00"]
    assert found(content, "SvcLvl/Cd") == ["SEPA"]
    assert found(content, "InstdAmt") == ["90.00", "0.01", "123.45", "450000.00"]
    assert found(content, "CdtrAcct/Id/Othr/Id") == [TASHKENT.number]
    assert found(content, "ClrSysMmbId/MmbId") == ["00974"]
    assert found(content, "Cdtr/Nm")[-1] == TASHKENT.holder


def test_document_without_our_banks_code_says_so_and_is_valid(schema):
    content = document(transfer(), ours=BankAccount("Roomhold", "DE89370400440532013000"))

    schema.validate(io.BytesIO(content))
    assert found(content, "DbtrAgt/FinInstnId/Othr/Id") == ["NOTPROVIDED"]


def test_amounts_keep_the_decimals_of_their_currency(schema):
    content = document(transfer(TASHKENT, 1_234, "JPY"), transfer(TASHKENT, 1_234, "KWD"))

    schema.validate(io.BytesIO(content))
    assert found(content, "InstdAmt") == ["1234", "1.234"]


@settings(max_examples=60, deadline=None)
@given(
    holder=st.text(min_size=1).filter(
        lambda text: text.strip() and any(sign.isprintable() for sign in text.strip())
    ),
    text=st.text(min_size=1, max_size=300).map(lambda text: f"Payout {text}"),
    amount=st.integers(1, 10**14),
)
def test_whatever_a_host_is_called_the_document_is_valid(schema, holder, text, amount):
    holder = holder if bank_files._plain(holder) else "Host"
    content = document(transfer(BankAccount(holder, PARIS.number), amount, text=text))

    schema.validate(io.BytesIO(content))
    assert Decimal(found(content, "GrpHdr/CtrlSum")[0]) == Decimal(amount) / 100


def test_table_keeps_long_accounts_and_leading_zeros_as_text_and_runs_no_formula():
    content = csv_of(
        [transfer(TASHKENT, 45_000_000, "UZS"), transfer(BankAccount("=HYPERLINK(1)", PARIS.number))]
    )

    [first, second] = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert (first["account"], first["bank_code"], first["amount"]) == (
        "'20208000900123456001",
        "'00974",
        "450000.00",
    )
    assert second["holder"] == "'=HYPERLINK(1)"


# --- exporting --------------------------------------------------------------------------------------------------


@pytest.fixture
def ready(db, settings) -> list[Payout]:
    settings.PAYOUT_ACCOUNT_HOLDER, settings.PAYOUT_ACCOUNT = "Roomhold", "DE89 3704 0044 0532 0130 00"
    for _ in range(2):
        books.captured(books.booking(venue=books.payable_venue()))
    payouts.begin_run()
    payouts.continue_run()
    return list(Payout.objects.order_by("pk"))


def ids(rows: list[Payout]) -> list[int]:
    return [row.pk for row in rows]


def test_export_marks_its_payouts_under_way_with_the_files_id(ready, schema):
    made = bank_export.export(ids(ready), form="xml", by=factories.staff())

    schema.validate(io.BytesIO(made.content))
    assert found(made.content, "EndToEndId") == [payout.public_id.hex for payout in ready]
    assert found(made.content, "MsgId") == [made.message_id]
    rows = Payout.objects.values_list("status", "provider_ref").distinct()
    assert set(rows) == {("sending", made.message_id)}


def test_payout_goes_into_one_file_only(ready):
    bank_export.export(ids(ready[:1]), form="csv", by=None)

    second = bank_export.export(ids(ready), form="csv", by=None)

    assert second.count == 1
    with pytest.raises(payouts.PayoutError, match="None"):
        bank_export.export(ids(ready), form="csv", by=None)


def test_file_made_again_is_the_same_to_the_byte(ready):
    made = bank_export.export(ids(ready), form="xml", by=None)
    payouts.close(ready[0].pk, Payout.Status.PAID)

    assert bank_export.again(made.message_id, form="xml") == made


def test_export_with_details_missing_names_the_venue_and_marks_nothing(ready):
    PaymentSettings.objects.filter(venue=ready[0].venue).update(bank_account="")

    with pytest.raises(payouts.PayoutError, match=ready[0].venue.name):
        bank_export.export(ids(ready), form="xml", by=None)

    assert not Payout.objects.exclude(status="ready").exists()


def test_export_without_our_own_account_says_what_to_set(ready, settings):
    settings.PAYOUT_ACCOUNT = ""

    with pytest.raises(payouts.PayoutError, match="PAYOUT_ACCOUNT"):
        bank_export.export(ids(ready), form="xml", by=None)

    assert not Payout.objects.exclude(status="ready").exists()


def test_file_nobody_made_is_refused(db):
    with pytest.raises(payouts.PayoutError, match="no such file"):
        bank_export.again("RH-none", form="xml")
