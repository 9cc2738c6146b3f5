"""Files for our bank: payouts as ISO 20022 credit transfers (pain.001.001.09) or CSV. Values in, bytes out."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from xml.etree import ElementTree as ET

from core.files.csv_files import csv_file
from core.money import to_decimal

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
NAME_LENGTH, TEXT_LENGTH = 140, 140


@dataclass(frozen=True)
class BankAccount:
    """An account: `number` an IBAN or a national one, `bank_code` a BIC, a national code (MFO), or unknown."""

    holder: str
    number: str
    bank_code: str = ""

    @property
    def is_iban(self) -> bool:
        return bool(IBAN.fullmatch(self.number))


@dataclass(frozen=True)
class Transfer:
    """One credit transfer. `reference` (up to 35 signs) comes back with the bank's statement."""

    reference: str
    to: BankAccount
    amount_minor: int
    currency: str
    text: str

    @property
    def amount(self) -> Decimal:
        return to_decimal(self.amount_minor, self.currency)

    @property
    def is_sepa(self) -> bool:
        return self.currency == "EUR" and self.to.is_iban


def csv_of(transfers: Sequence[Transfer]) -> bytes:
    """Return the transfers as a table for banks without ISO 20022."""
    headings = ("reference", "holder", "account", "bank_code", "amount", "currency", "text")
    rows = (
        (one.reference, one.to.holder, _as_text(one.to.number), _as_text(one.to.bank_code), one.amount, one.currency,
         one.text)
        for one in transfers
    )  # fmt: skip
    return csv_file(headings, rows)


def _as_text(digits: str) -> str:
    """A spreadsheet would round a 20-digit account and drop leading zeros: an apostrophe keeps it text."""
    return f"'{digits}" if digits.isdecimal() else digits


def pain001(
    transfers: Sequence[Transfer], *, message_id: str, made_at: dt.datetime, ours: BankAccount
) -> bytes:
    """Return a pain.001.001.09 document: one block per currency and service level, executed on the day of `made_at`."""
    document = ET.Element("Document", xmlns=NAMESPACE)
    root = ET.SubElement(document, "CstmrCdtTrfInitn")
    head = ET.SubElement(root, "GrpHdr")
    _text(head, "MsgId", message_id)
    _text(head, "CreDtTm", made_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    _totals(head, transfers)
    _text(ET.SubElement(head, "InitgPty"), "Nm", _name(ours.holder))
    by_block = sorted(transfers, key=lambda one: (one.currency, one.is_sepa))
    for n, ((_currency, is_sepa), block) in enumerate(
        groupby(by_block, key=lambda one: (one.currency, one.is_sepa)), start=1
    ):
        _add_block(root, list(block), f"{message_id}-{n}", made_at.date(), ours, is_sepa=is_sepa)
    return ET.tostring(document, encoding="UTF-8", xml_declaration=True)


def _add_block(
    root: ET.Element,
    transfers: list[Transfer],
    block_id: str,
    day: dt.date,
    ours: BankAccount,
    *,
    is_sepa: bool,
) -> None:
    block = ET.SubElement(root, "PmtInf")
    _text(block, "PmtInfId", block_id)
    _text(block, "PmtMtd", "TRF")
    _totals(block, transfers)
    if is_sepa:
        _text(ET.SubElement(ET.SubElement(block, "PmtTpInf"), "SvcLvl"), "Cd", "SEPA")
    _text(ET.SubElement(block, "ReqdExctnDt"), "Dt", day.isoformat())
    _text(ET.SubElement(block, "Dbtr"), "Nm", _name(ours.holder))
    _add_account(block, "DbtrAcct", ours)
    _add_bank(block, "DbtrAgt", ours, is_needed=True)
    _text(block, "ChrgBr", "SLEV" if is_sepa else "SHAR")
    for transfer in transfers:
        _add_transfer(block, transfer)


def _add_transfer(block: ET.Element, transfer: Transfer) -> None:
    row = ET.SubElement(block, "CdtTrfTxInf")
    _text(ET.SubElement(row, "PmtId"), "EndToEndId", transfer.reference)
    amount = _text(ET.SubElement(row, "Amt"), "InstdAmt", f"{transfer.amount:f}")
    amount.set("Ccy", transfer.currency)
    _add_bank(row, "CdtrAgt", transfer.to, is_needed=False)
    _text(ET.SubElement(row, "Cdtr"), "Nm", _name(transfer.to.holder))
    _add_account(row, "CdtrAcct", transfer.to)
    _text(ET.SubElement(row, "RmtInf"), "Ustrd", _plain(transfer.text)[:TEXT_LENGTH])


def _add_account(parent: ET.Element, tag: str, account: BankAccount) -> None:
    number = ET.SubElement(ET.SubElement(parent, tag), "Id")
    if account.is_iban:
        _text(number, "IBAN", account.number)
    else:
        _text(ET.SubElement(number, "Othr"), "Id", account.number)


def _add_bank(parent: ET.Element, tag: str, account: BankAccount, *, is_needed: bool) -> None:
    """Name the bank by BIC or national code; an IBAN names it already, and where one is needed says so."""
    if not account.bank_code and not is_needed:
        return
    bank = ET.SubElement(ET.SubElement(parent, tag), "FinInstnId")
    if BIC.fullmatch(account.bank_code):
        _text(bank, "BICFI", account.bank_code)
    elif account.bank_code:
        _text(ET.SubElement(bank, "ClrSysMmbId"), "MmbId", account.bank_code)
    else:
        _text(ET.SubElement(bank, "Othr"), "Id", "NOTPROVIDED")


def _totals(parent: ET.Element, transfers: Sequence[Transfer]) -> None:
    _text(parent, "NbOfTxs", str(len(transfers)))
    _text(parent, "CtrlSum", f"{sum(one.amount for one in transfers):f}")


def _text(parent: ET.Element, tag: str, text: str) -> ET.Element:
    child = ET.SubElement(parent, tag)
    child.text = text
    return child


def _name(text: str) -> str:
    return _plain(text)[:NAME_LENGTH]


def _plain(text: str) -> str:
    """Return text on one line, without what XML cannot hold."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
