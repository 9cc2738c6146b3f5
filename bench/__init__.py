"""Measures Roomhold under load: `make bench`. Stands apart: the product imports nothing from here."""
