"""docker-compose.yml, Dockerfile and .env.example agree with each other and with the code."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
EXAMPLE = (ROOT / ".env.example").read_text().splitlines()
ASSIGNMENT = re.compile(r"^(?:# )?([A-Z][A-Z0-9_]+)=(.*)$")
OURS = ("migrate", "web", "worker", "beat")
# Set by a test or demo stack only; production settings refuse or ignore them.
NOT_PRODUCTION = {"SANDBOX_URL", "SANDBOX_CLOCK_FILE"}
# Finer tuning that has its default in settings.py.
TUNING = {"PROVIDER_CONNECT_SECONDS", "PROVIDER_READ_SECONDS", "SECURE_COOKIES"}


def example_variables() -> dict[str, str]:
    return {found[1]: found[2] for line in EXAMPLE if (found := ASSIGNMENT.match(line))}


def test_compose_names_every_part():
    assert set(COMPOSE["services"]) == {"postgres", "redis", "migrate", "web", "worker", "beat"}
    assert set(COMPOSE["volumes"]) == {"database", "broker", "media", "beat"}


@pytest.mark.parametrize("name", ["postgres", "redis", "web", "worker", "beat"])
def test_compose_long_running_service_has_a_health_check(name):
    assert COMPOSE["services"][name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert COMPOSE["services"][name]["restart"] == "unless-stopped"


def test_compose_mounts_only_declared_volumes():
    mounted = {
        mount.split(":")[0] for part in COMPOSE["services"].values() for mount in part.get("volumes", ())
    }

    assert mounted == set(COMPOSE["volumes"])


def test_compose_variables_are_all_in_the_example():
    referenced = set(re.findall(r"\$\{([A-Z_]+)", TEXT))

    assert referenced == {
        *{"POSTGRES_PASSWORD", "REDIS_PASSWORD", "WEB_PORT"},
        *{"WEB_WORKERS", "WEB_THREADS", "WORKER_PROCESSES"},
    }
    assert referenced <= example_variables().keys()


def test_compose_environment_of_the_apps_is_in_the_example():
    named = {variable for name in OURS for variable in COMPOSE["services"][name]["environment"]}

    assert named == {"DATABASE_URL", "REDIS_URL", "MEDIA_ROOT"}
    assert named <= example_variables().keys()


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
    settings = (ROOT / "config" / "settings.py").read_text()
    read = set(re.findall(r'(?:env\.\w+|read_secret)\(\s*"([A-Z_]+)"', settings))

    assert read - NOT_PRODUCTION - TUNING - example_variables().keys() == set()


def test_compose_config_accepts_the_file(tmp_path):
    if shutil.which("docker") is None or _compose("version", tmp_path).returncode != 0:
        pytest.skip("no Docker Compose here")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    filled = [re.sub(r"^(\w+_PASSWORD)=$", r"\1=abc123", line) for line in EXAMPLE]
    (tmp_path / ".env").write_text("\n".join(filled))

    done = _compose("config", tmp_path, "--quiet")

    assert done.stderr == ""
    assert done.returncode == 0


def _compose(verb: str, directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", "compose", verb, *options], cwd=directory, capture_output=True, text=True, check=False
    )
