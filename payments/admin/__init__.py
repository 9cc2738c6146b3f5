"""Money in the admin, one module a noun. Importing the package registers its pages."""

from payments.admin import discrepancies, disputes, payments, payouts, refunds, settings, webhook_events

__all__ = ["discrepancies", "disputes", "payments", "payouts", "refunds", "settings", "webhook_events"]
