"""Test settings: change speed, not behavior. The services' addresses come from the environment."""

import os

os.environ.setdefault("DEBUG", "1")
os.environ.setdefault("SECRET_KEY", "test-secret-key-of-no-worth-but-long-enough-0123456789")
os.environ.setdefault("STRIPE_SECRET_KEY", "sk_test_roomhold")
os.environ.setdefault("STRIPE_WEBHOOK_SECRET", "whsec_roomhold_test")
os.environ.setdefault("EMAIL_URL", "memorymail://")
os.environ.setdefault("PUSHER_APP_ID", "1001")
os.environ.setdefault("PUSHER_KEY", "roomhold-test-key")
os.environ.setdefault("PUSHER_SECRET", "roomhold-test-secret")
os.environ.setdefault("MFA_REQUIRED", "0")  # tests of the requirement switch it on
os.environ.setdefault("ALLOWED_HOSTS", "127.0.0.1,testserver")

from config.settings import *  # noqa: F403
from config.settings import CACHES, DATABASES, env

DEBUG = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DATABASES["default"]["TEST"] = {"NAME": env.str("TEST_DATABASE_NAME", "test_roomhold")}
# Static files are looked for when asked for: a scan of them all would come with every test client.
WHITENOISE_AUTOREFRESH = True
# Most tests lie in a transaction, which is idle while a long PDF is drawn; requests draw theirs outside any.
OPTIONS = DATABASES["default"]["OPTIONS"]
OPTIONS["options"] += " -c idle_in_transaction_session_timeout=120s"
# Each test process counts in a cache of its own: one that clears it must not forget what another has counted.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    CACHES["default"]["LOCATION"] = CACHES["default"]["LOCATION"].removesuffix("1") + str(2 + int(worker[2:]))
