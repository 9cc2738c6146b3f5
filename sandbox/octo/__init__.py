"""Octo: prepare_payment, set_accept and refund, the pay page, and signed callbacks; choices are in README.md."""
