#!/bin/sh
# Sets up everything the tests need, system packages included (Debian, as root or with sudo), and runs all of them.
# Arguments go to pytest: sh deploy/test.sh tests/money -k crash
set -eu
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE # every process would translate all of relay and of the tests again

packages="python3-venv wine openjdk-17-jdk-headless jython rhino libbcpkix-java libxerces2-java chromium chromium-driver
    postgresql postgresql-client nginx-light nodejs npm shellcheck cups cups-client cups-filters ghostscript poppler-utils systemd"
missing=""
for package in $packages; do
    case $package in
    nodejs | npm) command -v node >/dev/null && command -v npm >/dev/null && continue ;;
    openjdk-*) command -v javac >/dev/null && continue ;;
    esac
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
if [ -n "$missing" ]; then
    echo "Installing system packages:$missing"
    root=""
    [ "$(id -u)" -eq 0 ] || root=sudo
    export DEBIAN_FRONTEND=noninteractive
    $root apt-get update -qq
    # shellcheck disable=SC2086 # a list of words
    $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

[ -x .venv/bin/python ] || "${PYTHON:-python3}" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
npm install --prefix tests/node --silent --no-audit --no-fund

.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/python -m mypy
shellcheck deploy/*.sh tests/*.sh .ci/run
# Many tests wait for a program or an answer: four at once keep two processors busy.
exec sh tests/in_memory.sh .venv/bin/python -m pytest -n 4 --dist worksteal "$@"
