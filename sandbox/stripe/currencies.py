"""Currencies: how many decimals, the smallest and largest charge, and rates to the settlement currencies.

The rates are fixed round numbers: only that they differ from one another matters here.
"""

import re
from decimal import ROUND_HALF_UP, Decimal

SETTLEMENT = "usd"
LARGEST_CHARGE = 99_999_999  # eight digits
ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
WHOLE_UNITS = frozenset(["isk", "ugx"])  # sent with two decimals that must be 00

# Published minimums, in minor units; any other currency is judged by its value in the settlement currency.
MINIMUM = {
    "usd": 50, "eur": 50, "gbp": 30, "chf": 50, "cad": 50, "aud": 50, "nzd": 50, "sgd": 50, "brl": 50,
    "inr": 50, "jpy": 50, "hkd": 400, "mxn": 1000, "myr": 200, "thb": 1000, "aed": 200, "czk": 1500,
    "dkk": 250, "huf": 17500, "nok": 300, "pln": 200, "ron": 200, "sek": 300, "bgn": 100,
}  # fmt: skip
MINIMUM_SETTLED = 50

# Major units for one US dollar.
RATES = """
aed 3.67 afn 70 all 92 amd 390 ang 1.79 aoa 915 ars 1000 aud 1.5 awg 1.8 azn 1.7 bam 1.8 bbd 2
bdt 120 bgn 1.8 bhd 0.38 bif 2900 bmd 1 bnd 1.33 bob 6.9 brl 5.5 bsd 1 bwp 13.5 byn 3.3 bzd 2
cad 1.4 cdf 2800 chf 0.9 clp 950 cny 7.2 cop 4100 crc 510 cve 101 czk 23 djf 178 dkk 6.9 dop 60
dzd 134 egp 49 etb 125 eur 0.9 fjd 2.25 fkp 0.8 gbp 0.8 gel 2.7 gip 0.8 gmd 70 gnf 8600 gtq 7.7
gyd 209 hkd 7.8 hnl 25 hrk 6.9 htg 131 huf 370 idr 16000 ils 3.7 inr 84 isk 138 jmd 158 jod 0.71
jpy 150 kes 129 kgs 87 khr 4100 kmf 450 krw 1400 kwd 0.31 kyd 0.83 kzt 500 lak 22000 lbp 89500
lkr 295 lrd 190 lsl 18 mad 10 mdl 18 mga 4600 mkd 56 mmk 2100 mnt 3400 mop 8 mur 46 mvr 15.4
mwk 1730 mxn 20 myr 4.5 mzn 64 nad 18 ngn 1600 nio 36.8 nok 11 npr 135 nzd 1.7 omr 0.385 pab 1
pen 3.7 pgk 4 php 58 pkr 278 pln 4 pyg 7800 qar 3.64 ron 4.6 rsd 108 rub 97 rwf 1370 sar 3.75
sbd 8.4 scr 13.6 sek 10.8 sgd 1.35 shp 0.8 sle 22.7 sos 570 srd 35 std 22000 szl 18 thb 34 tjs 10.6
tnd 3.15 top 2.4 try 34 ttd 6.8 twd 32 tzs 2600 uah 41 ugx 3700 usd 1 uyu 42 uzs 12000 vnd 25400
vuv 119 wst 2.8 xaf 610 xcd 2.7 xcg 1.79 xof 610 xpf 111 yer 250 zar 18 zmw 27
"""
PER_DOLLAR = {code: Decimal(rate) for code, rate in re.findall(r"([a-z]{3}) ([0-9.]+)", RATES)}

SIGNS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "inr": "₹", "krw": "₩", "cad": "CA$", "aud": "A$"}


def exponent(currency: str) -> int:
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def settled(amount: int, currency: str, into: str = SETTLEMENT) -> int:
    """`amount` minor units of `currency`, in minor units of `into`."""
    if currency == into:
        return amount
    major = Decimal(amount).scaleb(-exponent(currency)) * PER_DOLLAR[into] / PER_DOLLAR[currency]
    return int(major.scaleb(exponent(into)).quantize(Decimal(1), ROUND_HALF_UP))


def exchange_rate(currency: str, into: str = SETTLEMENT) -> float | None:
    """Units of `into` for one of `currency`; None where nothing was exchanged. A float on the wire."""
    return None if currency == into else round(float(PER_DOLLAR[into] / PER_DOLLAR[currency]), 8)


def is_too_small(amount: int, currency: str) -> bool:
    if currency in MINIMUM:
        return amount < MINIMUM[currency]
    return settled(amount, currency) < MINIMUM_SETTLED


def has_odd_minor_units(amount: int, currency: str) -> bool:
    """True for an amount that cannot be charged: a third decimal, or decimals of a whole-unit currency."""
    if currency in THREE_DECIMAL:
        return amount % 10 != 0
    return currency in WHOLE_UNITS and amount % 100 != 0


def formatted(amount: int, currency: str) -> str:
    """For people: $1,234.50, £30.00, UZS 6,000.00, ¥500."""
    number = f"{Decimal(amount).scaleb(-exponent(currency)):,.{exponent(currency)}f}"
    sign = SIGNS.get(currency)
    return f"{sign}{number}" if sign else f"{currency.upper()} {number}"
