"""Settings, read from the environment. Secrets have no default outside DEBUG; a feature without its setting is off."""

from pathlib import Path
from typing import Any

import environ
from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from core import mode
from core.money import CURRENCIES, InvalidAmount, read_percent
from core.security import logs, production

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def read_secret(name: str, in_debug: str) -> str:
    """Return a secret from the environment; only DEBUG has a default."""
    value = env.str(name, "")
    if not value and not DEBUG:
        raise ImproperlyConfigured(f"{name} must be set")
    return value or in_debug


def read_percentage(name: str, default: str) -> str:
    """Return a percentage from the environment, read as the ones people type; empty stays empty."""
    text = env.str(name, "") or default
    try:
        return str(read_percent(text)) if text else ""
    except InvalidAmount as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error


DEBUG = env.bool("DEBUG", False)
SECRET_KEY = read_secret("SECRET_KEY", "only-for-development-never-for-real-money")
SITE_URL = env.str("SITE_URL", "http://127.0.0.1:8000" if DEBUG else "").rstrip("/")
if not SITE_URL:
    raise ImproperlyConfigured("SITE_URL must be set: links in mails and payment returns use it")
SITE_HOST = SITE_URL.split("://", 1)[1].split("/", 1)[0]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[SITE_HOST.split(":")[0]])
CSRF_TRUSTED_ORIGINS = [SITE_URL]

# Hosts' secrets lie encrypted in the database; the first key encrypts, all of them decrypt (rotation).
FIELD_ENCRYPTION_KEYS = [key for key in env.list("FIELD_ENCRYPTION_KEY", default=[]) if key] or (
    ["cm9vbWhvbGQtZGV2ZWxvcG1lbnQta2V5LW9ubHktISE="] if DEBUG else []
)

# The sandbox stands in for providers in demo and tests; production can neither start nor reach it.
SANDBOX_URL = env.str("SANDBOX_URL", "").rstrip("/")
SANDBOX_CLOCK_FILE = env.str("SANDBOX_CLOCK_FILE", "")
if (SANDBOX_URL or SANDBOX_CLOCK_FILE) and not DEBUG:
    raise ImproperlyConfigured("SANDBOX_URL and SANDBOX_CLOCK_FILE need DEBUG")

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.contrib.sitemaps",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "core",
    "accounts",
    "rooms",
    "bookings",
    "payments",
    "calendars",
    "notifications",
]

MIDDLEWARE = [
    "core.security.logs.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "core.web.middleware.AdminCompressionMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.web.middleware.BrowserRightsMiddleware",
    "core.web.middleware.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.web.middleware.PrivatePagesMiddleware",
    "core.web.middleware.PlainErrorsMiddleware",
    "accounts.sign_in.middleware.AdminDoorMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.web.middleware.site",
            ],
            "builtins": ["core.templatetags.dates"],
        },
    }
]

# ATOMIC_REQUESTS stays off: money is called for outside transactions, and a verb opens its own.
DATABASES = {
    "default": {
        **env.db_url("DATABASE_URL", "postgres://roomhold@127.0.0.1:5432/roomhold"),
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", 60),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            "options": "-c lock_timeout=3s -c statement_timeout=15s -c idle_in_transaction_session_timeout=10s",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379")
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "core.cache.ForgivingRedisCache",
        "LOCATION": f"{REDIS_URL.rsplit('/', 1)[0] if REDIS_URL.count('/') > 2 else REDIS_URL}/1",
        "OPTIONS": {"socket_connect_timeout": 0.3, "socket_timeout": 0.5},
    }
}
# In the database, so that a lost Redis logs nobody out.
SESSION_ENGINE = "django.contrib.sessions.backends.db"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "bookings:list"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.pages.forms.SignupForm"
ACCOUNT_FORMS = {
    "signup": "accounts.sign_in.allauth_forms.SignupForm", "add_email": "accounts.sign_in.allauth_forms.AddEmailForm",
}  # fmt: skip
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_ADAPTER = "accounts.sign_in.adapter.AccountAdapter"
# Tells the owner of an account when its password or address changes.
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Changing addresses, tokens and payees asks for the password once more (accounts.sign_in.stepup), good for so long.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60
# A second factor is offered to all; staff and owners of a venue enter the admin with one only.
MFA_REQUIRED = env.bool("MFA_REQUIRED", True)
if not MFA_REQUIRED and not DEBUG:
    raise ImproperlyConfigured("MFA_REQUIRED can be off with DEBUG only")
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_ADAPTER = "accounts.sign_in.second_factor.MFAAdapter"
MFA_FORMS = {
    "add_webauthn": "accounts.sign_in.allauth_forms.AddKeyForm",
    "edit_webauthn": "accounts.sign_in.allauth_forms.EditKeyForm",
}  # fmt: skip
MFA_TOTP_ISSUER = "Roomhold"
# A phone's clock may be half a minute off.
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG
# Sessions in the admin end when idle, and after a day's work at the latest.
ADMIN_IDLE_MINUTES = env.int("ADMIN_IDLE_MINUTES", 30)
ADMIN_SESSION_HOURS = env.int("ADMIN_SESSION_HOURS", 12)
if ADMIN_IDLE_MINUTES < 1 or ADMIN_SESSION_HOURS < 1:
    raise ImproperlyConfigured("ADMIN_IDLE_MINUTES and ADMIN_SESSION_HOURS must be 1 or more")
# Proxies that set X-Forwarded-For in front of us; 0 trusts only the peer's own address.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0)

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["config.formats"]

STATIC_URL = "static/"
STATIC_ROOT = env.str("STATIC_ROOT", str(BASE_DIR / ".local" / "static"))
NODE_MODULES = BASE_DIR / "node_modules"
STATICFILES_DIRS = [BASE_DIR / "static", ("vendor/pusher", NODE_MODULES / "pusher-js" / "dist" / "web")]
# The sheets of every page outside the admin, in the order of their layers, joined by core.web.bundles.
STATIC_BUNDLES = {
    "css/site.css": [
        "base.css", "layout.css", "components.css", "forms.css", "rooms.css", "calendar.css", "bookings.css",
    ],
}  # fmt: skip
BUNDLE_ROOT = BASE_DIR / ".local" / "bundles"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "core.web.bundles.BundleFinder",
]
MEDIA_URL = "media/"
MEDIA_ROOT = env.str("MEDIA_ROOT", str(BASE_DIR / ".local" / "media"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
# DejaVu's fonts, for PDFs in any script.
PDF_FONTS = env.str("PDF_FONTS", "/usr/share/fonts/truetype/dejavu")
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "core.files.uploads.LimitingUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
MAX_WEBHOOK_BYTES = 256 * 1024
# How much one asker may book and keep open (bookings.limits); 0 is no limit. What counts by network counts nothing in a
# demo, where everybody comes from the same one.
BOOKINGS_PER_IP_HOUR = env.int("BOOKINGS_PER_IP_HOUR", 0 if DEBUG else 120)
BOOKINGS_PER_ACCOUNT_HOUR = env.int("BOOKINGS_PER_ACCOUNT_HOUR", 30)
HOLDS_PER_NETWORK = env.int("HOLDS_PER_NETWORK", 0 if DEBUG else 15)
OPEN_UNPAID = env.int("OPEN_UNPAID", 5)
OPEN_REQUESTS = env.int("OPEN_REQUESTS", 5)
OPEN_REQUESTS_ACCOUNT = env.int("OPEN_REQUESTS_ACCOUNT", 20)
OPEN_FREE = env.int("OPEN_FREE", 5)
OPEN_FREE_ACCOUNT = env.int("OPEN_FREE_ACCOUNT", 20)
UNPROVED_HOLDS = env.int("UNPROVED_HOLDS", 0 if DEBUG else 2)

# Mail
EMAIL_CONFIG: dict[str, Any] = env.email_url(
    "EMAIL_URL", "consolemail://" if DEBUG else "smtp://localhost:25"
)
vars().update(EMAIL_CONFIG)
if EMAIL_CONFIG["EMAIL_BACKEND"].endswith("filebased.EmailBackend"):
    # One .eml a message, which the demo's mail page reads.
    EMAIL_BACKEND = "notifications.channels.files.EmailBackend"
    # django-environ drops the path's first slash.
    EMAIL_FILE_PATH = f"/{EMAIL_CONFIG['EMAIL_FILE_PATH'].lstrip('/')}"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str(
    "DEFAULT_FROM_EMAIL", f"Roomhold <bookings@{SITE_HOST.split(':')[0]}>"
)
EMAIL_TIMEOUT = 10

# Celery: messages are doorbells; PostgreSQL is the truth.
CELERY_BROKER_URL = f"{CACHES['default']['LOCATION'].rsplit('/', 1)[0]}/0"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 100
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30.0
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 0.5,
    "socket_timeout": 5,
}
CELERY_TASK_PUBLISH_RETRY = False
# Sweeps close the gaps a lost message leaves; all of them are safe to run at any time, also twice at once.
SWEEP_SECONDS = env.float("SWEEP_SECONDS", 15)
SWEEPS = (
    "bookings.tasks.sweep_receipts",
    "bookings.tasks.sweep_deadlines",
    "bookings.tasks.sweep_bulk_cancellations",
    "bookings.tasks.sweep_suspended",
    "payments.tasks.sweep_webhooks",
    "payments.tasks.sweep_operations",
    "payments.tasks.sweep_settlements",
    "payments.tasks.sweep_unpaid",
    "payments.tasks.sweep_open_payments",
    "payments.tasks.sweep_payouts",
    "payments.tasks.sweep_payees",
    "payments.tasks.sweep_reconciliation",
    "notifications.tasks.sweep_deliveries",
    "notifications.tasks.sweep_notices",
)
CELERY_BEAT_SCHEDULE = {
    name: {"task": name, "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS * 4}}
    for name in SWEEPS
}
CELERY_BEAT_SCHEDULE["payments.tasks.take_checkpoints"] = {
    "task": "payments.tasks.take_checkpoints", "schedule": crontab(hour=2, minute=40), "options": {"expires": 3600},
}  # fmt: skip

CELERY_BEAT_SCHEDULE["accounts.tasks.sweep_retention"] = {
    "task": "accounts.tasks.sweep_retention", "schedule": crontab(hour=3, minute=20), "options": {"expires": 3600},
}  # fmt: skip

CELERY_BEAT_SCHEDULE["rooms.tasks.draw_renditions"] = {
    "task": "rooms.tasks.draw_renditions", "schedule": crontab(hour=3, minute=50), "options": {"expires": 3600},
}  # fmt: skip

# Who hears of booking events (each gets an EventReceipt), and who adds to a booking's pages.
BOOKING_SUBSCRIBERS = {
    "payments": "payments.subscriber.on_booking_event",
    "notifications": "notifications.subscriber.on_booking_event",
}
BOOKING_PANELS = ["payments.pages.panels.booking_panel"]
# What each app can show of a booking to somebody who doubts it, such as a guest's bank.
BOOKING_EXHIBITS = ["bookings.evidence_sources.acts_of_guest", "notifications.evidence_source.mails_of"]
# Who tells what is held about a person, and erases it; in this order, so that whose a row is can still be told.
PERSON_KEEPERS = [
    "notifications.keeper.DeliveryKeeper",
    "payments.keeper.PaymentKeeper",
    "bookings.keeper.BookingKeeper",
    "rooms.keeper.RoomKeeper",
    "accounts.keeper.AccountKeeper",
]
# What staff see on a person's page, in this order.
PERSON_PANELS = [
    "bookings.pages.person_share.bookings_share",
    "payments.pages.person_share.payments_share",
    "notifications.pages.person_share.mails_share",
    "rooms.pages.person_share.venues_share",
]
# What each app forgets in time, nightly.
RETENTION = [
    "accounts.retention.forget",
    "rooms.retention.forget",
    "bookings.retention.forget",
    "payments.retention.forget",
    "notifications.retention.forget",
]
# What each app knows of when money last moved: a guest's link lives on from there.
BOOKING_LINK_KEEPERS = ["payments.link_keeper.last_money_at"]
# Sign the links of bookings: the first signs, all of them verify, SECRET_KEY those made before, too.
BOOKING_LINK_KEYS = [key for key in env.list("BOOKING_LINK_KEYS", default=[]) if key]
# Who mails the code that proves an address: (address, code).
BOOKING_PROOF_MAIL = "notifications.proof_code.send"
# Who tells the least and the most that can be charged: (provider, currency) -> least_minor, most_minor.
CHARGE_LIMITS = "payments.providers.limits.limits_of"
# By what else than its own facts a booking is found.
BOOKING_SEARCHES = ["payments.search.bookings_of"]
# What a host earns by saying yes, in rows: (booking) -> [(name, amount)].
BOOKING_EARNINGS = "payments.pages.panels.earned_by_yes"
BOOKING_NEXT_URL = "payments.pages.panels.next_url"
# What a venue needs before staff approve it: (venue) -> rooms.team.approval.Check.
VENUE_CHECKS = [
    "rooms.team.approval.identity_check", "rooms.team.approval.entity_check", "payments.payouts.payees.payee_check",
    "rooms.team.approval.room_check",
]  # fmt: skip
# (booking, instant) → what a guest may expect of money sent back then: see bookings.phrases.money_back.
BOOKING_MONEY_BACK = "payments.tracking.refund_display.outlook"

# Who runs this site, as its legal pages name them; an address of one's own text takes such a page's place.
LEGAL_NAME = env.str("LEGAL_NAME", "")
LEGAL_ADDRESS = env.str("LEGAL_ADDRESS", "")
LEGAL_REGISTER = env.str("LEGAL_REGISTER", "")
LEGAL_EMAIL = env.str("LEGAL_EMAIL", "")
TERMS_URL = env.str("TERMS_URL", "")
PRIVACY_URL = env.str("PRIVACY_URL", "")
IMPRINT_URL = env.str("IMPRINT_URL", "")

# Money
# What guests compare prices in until they choose another; what is charged stays in the room's.
DEFAULT_CURRENCY = env.str("DEFAULT_CURRENCY", "") or "EUR"
if DEFAULT_CURRENCY not in CURRENCIES:
    raise ImproperlyConfigured(f"DEFAULT_CURRENCY must be one of {', '.join(CURRENCIES)}, or empty")
PLATFORM_FEE_PERCENT = read_percentage("PLATFORM_FEE_PERCENT", "10")
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", "")
STRIPE_PUBLISHABLE_KEY = env.str("STRIPE_PUBLISHABLE_KEY", "")
STRIPE_WEBHOOK_SECRETS = [part for part in env.list("STRIPE_WEBHOOK_SECRET", default=[]) if part]
STRIPE_API_BASE = env.str("STRIPE_API_BASE", "").rstrip("/")
STRIPE_JS_URL = env.str("STRIPE_JS_URL", "")
# The card form on our own page (Stripe's elements) in place of Stripe's hosted page.
STRIPE_EMBEDDED = env.bool("STRIPE_EMBEDDED", False)
STRIPE_IS_LIVE = STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))
# Octo: the platform's own shop; a venue may have one of its own, kept encrypted. No shop: not offered.
OCTO_SHOP_ID = int(env.str("OCTO_SHOP_ID", "") or 0)
OCTO_SECRET = env.str("OCTO_SECRET", "")
OCTO_UNIQUE_KEY = env.str("OCTO_UNIQUE_KEY", "")
OCTO_API_BASE = env.str("OCTO_API_BASE", "").rstrip("/")
# One address serves both: without this mark the money is real. It follows Stripe's key where nothing is said.
_is_test_elsewhere = not STRIPE_IS_LIVE if STRIPE_SECRET_KEY else DEBUG
OCTO_TEST = env.bool("OCTO_TEST") if env.str("OCTO_TEST", "") else _is_test_elsewhere
OCTO_HOLD_MINUTES = int(env.str("OCTO_HOLD_MINUTES", "") or 30)
OCTO_SIGNATURE_SCHEME = env.str("OCTO_SIGNATURE_SCHEME", "") or "U"
OCTO_TSP_ID = int(env.str("OCTO_TSP_ID", "") or 0) or None
if OCTO_SIGNATURE_SCHEME not in ("U", "N"):
    raise ImproperlyConfigured("OCTO_SIGNATURE_SCHEME must be U or N")
# A site moves real money or test money, never both; and test money on a public site only by name.
ALLOW_TEST_MODE = env.bool("ALLOW_TEST_MODE") if env.str("ALLOW_TEST_MODE", "") else DEBUG
mode.refuse_unwanted(
    stripe_key=STRIPE_SECRET_KEY,
    is_stripe_live=STRIPE_IS_LIVE,
    is_octo_test=OCTO_TEST,
    may_test=ALLOW_TEST_MODE,
)
# Octo tells nobody what it keeps: where set, this per cent of what was taken is booked as its processing fee.
OCTO_FEE_PERCENT = read_percentage("OCTO_FEE_PERCENT", "")
# When venues are paid each week, in UTC; without a day only by hand.
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_payout_day = env.str("PAYOUT_WEEKDAY", "").lower()
if _payout_day not in ("", *WEEKDAYS):
    raise ImproperlyConfigured(f"PAYOUT_WEEKDAY must be one of {', '.join(WEEKDAYS)}, or empty")
PAYOUT_WEEKDAY = WEEKDAYS.index(_payout_day) if _payout_day else None
PAYOUT_HOUR = int(env.str("PAYOUT_HOUR", "") or 6)
if not 0 <= PAYOUT_HOUR <= 23:
    raise ImproperlyConfigured("PAYOUT_HOUR must be an hour from 0 to 23")
# Smaller sums wait for the next payout, where a venue has not said otherwise: about what a transfer is worth its fee.
PAYOUT_MINIMUM_MINOR = {"USD": 2_000, "EUR": 2_000, "GBP": 2_000, "UZS": 25_000_000}
# A new venue's first payout waits so long after its first payment was taken; any after a change of payee, so long.
FIRST_PAYOUT_DELAY_DAYS = int(env.str("FIRST_PAYOUT_DELAY_DAYS", "") or 14)
PAYEE_CHANGE_HOLD_DAYS = int(env.str("PAYEE_CHANGE_HOLD_DAYS", "") or 7)
# The most a clerk of a new venue decides about alone; its owner may choose otherwise.
CLERK_LIMIT_MINOR = {"USD": 100_000, "EUR": 100_000, "GBP": 100_000, "UZS": 1_200_000_000}
# Our own account, out of which venues are paid by bank file.
PAYOUT_ACCOUNT_HOLDER = env.str("PAYOUT_ACCOUNT_HOLDER", "")
PAYOUT_ACCOUNT = env.str("PAYOUT_ACCOUNT", "")
PAYOUT_BANK_CODE = env.str("PAYOUT_BANK_CODE", "")
PAYMENT_MINUTES = 30
PROVIDER_CONNECT_SECONDS = env.float("PROVIDER_CONNECT_SECONDS", 3)
PROVIDER_READ_SECONDS = env.float("PROVIDER_READ_SECONDS", 10)
# The nightly comparison with providers: its hour (UTC), and the pause between looks at payments that no list shows.
RECONCILE_HOUR = int(env.str("RECONCILE_HOUR", "") or 2)
if not 0 <= RECONCILE_HOUR <= 23:
    raise ImproperlyConfigured("RECONCILE_HOUR must be an hour from 0 to 23")
RECONCILE_PAUSE_SECONDS = float(env.str("RECONCILE_PAUSE_SECONDS", "") or 0.2)

# Pusher
PUSHER_APP_ID = env.str("PUSHER_APP_ID", "")
PUSHER_KEY = env.str("PUSHER_KEY", "")
PUSHER_SECRET = env.str("PUSHER_SECRET", "")
PUSHER_CLUSTER = env.str("PUSHER_CLUSTER", "eu")
PUSHER_HOST = env.str("PUSHER_HOST", "")
PUSHER_PORT = env.int("PUSHER_PORT", 443)

# What production needs, and where it may not point; a rehearsal with test money may stay on this machine.
if not DEBUG:
    production.refuse_unsafe(
        addresses={
            "SITE_URL": SITE_URL, "STRIPE_API_BASE": STRIPE_API_BASE, "STRIPE_JS_URL": STRIPE_JS_URL,
            "OCTO_API_BASE": OCTO_API_BASE,
        },
        hosts={"PUSHER_HOST": PUSHER_HOST},
        needed={
            "FIELD_ENCRYPTION_KEY": bool(FIELD_ENCRYPTION_KEYS),
            "STRIPE_WEBHOOK_SECRET": bool(STRIPE_WEBHOOK_SECRETS or not STRIPE_SECRET_KEY),
            "STRIPE_PUBLISHABLE_KEY": bool(STRIPE_PUBLISHABLE_KEY or not (STRIPE_EMBEDDED and STRIPE_SECRET_KEY)),
            "OCTO_SECRET": bool(OCTO_SECRET or not OCTO_SHOP_ID),
            "OCTO_UNIQUE_KEY": bool(OCTO_UNIQUE_KEY or not OCTO_SHOP_ID),
            "PUSHER_SECRET": bool(PUSHER_SECRET or not PUSHER_KEY),
        },
        may_be_local=env.bool("ALLOW_LOCAL_ADDRESSES", False),
        is_live=STRIPE_IS_LIVE if STRIPE_SECRET_KEY else not OCTO_TEST,
    )  # fmt: skip

# Security
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# What pages may ask of a browser: Stripe's frames ask for wallets, and banks within them for passkeys.
PERMISSIONS_POLICY = {
    **dict.fromkeys(
        "accelerometer autoplay camera display-capture encrypted-media geolocation gyroscope hid magnetometer "
        "microphone midi picture-in-picture screen-wake-lock serial usb xr-spatial-tracking".split(),
        "()",
    ),
    "payment": '(self "https://js.stripe.com")',
    "publickey-credentials-get": '(self "https://js.stripe.com" "https://hooks.stripe.com")',
    "publickey-credentials-create": "(self)",
    "fullscreen": "(self)",
}
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
if not DEBUG:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    # For every host under the domain, and for a list browsers never forget: only who asks for it.
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", False)
    SECURE_HSTS_PRELOAD = env.bool("HSTS_PRELOAD", False)
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # which want both of everybody
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("SECURE_COOKIES", True)
    if ALLAUTH_TRUSTED_PROXY_COUNT:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    if SESSION_COOKIE_SECURE:
        SESSION_COOKIE_NAME = "__Host-sessionid"
        CSRF_COOKIE_NAME = "__Host-csrftoken"

_pusher_sockets = (
    [f"{scheme}://{PUSHER_HOST}:{PUSHER_PORT}" for scheme in ("ws", "wss")]
    if PUSHER_HOST
    else [f"wss://ws-{PUSHER_CLUSTER}.pusher.com", f"https://sockjs-{PUSHER_CLUSTER}.pusher.com"]
)
_policy = {
    "default-src": [NONE],
    "script-src": [SELF, NONCE],
    "style-src": [SELF, NONCE],
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF, *_pusher_sockets],
    # A form's answer may send the guest on to a provider's pay page.
    "form-action": [
        SELF,
        *([SANDBOX_URL] if SANDBOX_URL else ["https://checkout.stripe.com", "https://*.octo.uz"]),
    ],
    "base-uri": [NONE],
    "frame-ancestors": [NONE],
    "manifest-src": [SELF],
}
CONTENT_SECURITY_POLICY = {"DIRECTIVES": _policy}
# unfold's Alpine evaluates expressions and styles itself inline.
ADMIN_SECURITY_POLICY = {
    **_policy,
    "script-src": [SELF, NONCE, "'unsafe-eval'"],
    "style-src": [SELF, "'unsafe-inline'"],
}

LOG_FORMAT = env.str("LOG_FORMAT", "console" if DEBUG else "json")
LOGGING_CONFIG = None
logs.configure(LOG_FORMAT, env.str("LOG_LEVEL", "INFO"))

from config.admin.menu import UNFOLD  # noqa: E402, F401 - needs nothing of the above, reads better apart
