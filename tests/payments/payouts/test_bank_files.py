import csv
import datetime as dt
import importlib
import io
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import sepaxml
import xmlschema
from django.apps import apps
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.models import PaymentSettings, Payout, PayoutFile
from payments.payouts import bank_export, bank_files
from payments.payouts import services as payouts
from payments.payouts.bank_files import BankAccount, Transfer, csv_of, pain001
from payments.payouts.payees import bank_account_of
from tests.payments import books
from tests.support import factories

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


# What an owner who means ill would change a payee to.
OTHER = {"account_holder": "Mallory", "bank_account": "BE68539007547034", "bank_code": "GKCCBEBB"}


def change_payees(**details: str) -> None:
    PaymentSettings.objects.update(**{**OTHER, **details})


@pytest.mark.parametrize("form", ["xml", "csv"])
def test_file_made_again_is_the_same_to_the_byte_whatever_changed(ready, form, settings):
    made = bank_export.export(ids(ready), form=form, by=None)
    payouts.close(ready[0].pk, Payout.Status.PAID)
    change_payees()
    settings.PAYOUT_ACCOUNT = "DE02120300000000202051"

    assert bank_export.again(made.name) == made


def test_file_is_kept_encrypted(ready):
    bank_export.export(ids(ready), form="csv", by=None)

    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM payments_payoutfile UNION SELECT payee FROM payments_payout")
        stored = [row[0] for row in cursor.fetchall()]
    assert len(stored) == 3
    assert all(text.startswith("gAAAA") for text in stored)


def test_export_goes_to_the_account_of_the_run_though_the_payee_was_changed_since(ready):
    change_payees()

    made = bank_export.export(ids(ready), form="xml", by=None)

    assert found(made.content, "CdtrAcct/Id/IBAN") == [books.BANK["bank_account"]] * 2
    assert found(made.content, "Cdtr/Nm") == [books.BANK["account_holder"]] * 2
    assert [payout.destination for payout in ready] == ["2606", "2606"]


def test_export_of_a_payout_without_frozen_account_names_the_venue_and_marks_nothing(ready):
    Payout.objects.filter(pk=ready[0].pk).update(payee="")

    with pytest.raises(payouts.PayoutError, match=ready[0].venue.name):
        bank_export.export(ids(ready), form="xml", by=None)

    assert not Payout.objects.exclude(status="ready").exists()
    assert not PayoutFile.objects.exists()


def test_migration_freezes_the_account_a_payout_was_decided_for_and_no_other(ready):
    migration = importlib.import_module("payments.migrations.0016_payees_are_frozen")
    Payout.objects.update(payee="")
    PaymentSettings.objects.filter(venue=ready[1].venue).update(**OTHER)

    migration.freeze(apps, None)

    kept, changed = Payout.objects.order_by("pk")
    assert bank_account_of(kept) == BankAccount(*books.BANK.values())
    assert bank_account_of(changed) is None


def test_export_without_our_own_account_says_what_to_set(ready, settings):
    settings.PAYOUT_ACCOUNT = ""

    with pytest.raises(payouts.PayoutError, match="PAYOUT_ACCOUNT"):
        bank_export.export(ids(ready), form="xml", by=None)

    assert not Payout.objects.exclude(status="ready").exists()


def test_file_nobody_made_is_refused(db):
    with pytest.raises(payouts.PayoutError, match="no such file"):
        bank_export.again("RH-none.xml")
