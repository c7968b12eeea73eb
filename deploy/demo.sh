#!/bin/sh
# Sets up a private Python environment in .venv and tells the demo. Arguments go to `papercut-relay demo`.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer is needed: install it, or name it with PYTHON=/path/to/python3." >&2
    exit 2
}
if [ ! -x .venv/bin/papercut-relay ]; then
    echo "Setting up .venv (once, about a minute) ..."
    "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
fi
exec .venv/bin/papercut-relay demo "$@"
