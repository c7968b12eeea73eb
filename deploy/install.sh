#!/bin/sh
# Starts the installer of the OfficeRnD relay for PaperCut on Linux and macOS. Arguments go to the installer:
#     sudo sh install.sh --dry-run | --uninstall [--purge] | --proof
# PYTHON=/path/to/python3 names the Python to use; JYTHON_JAR=/path/to/jython.jar is the last way, with PaperCut's Java.
set -eu

public_path() {
    public=
    IFS=:
    for folder in $PATH; do
        case $folder in
            "${HOME:-/root}"/*) ;;
            *) public=${public:+$public:}$folder ;;
        esac
    done
    echo "$public"
}

start() {
    folder=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
    if [ ! -f "$folder/package.json" ]; then
        echo "This is the source. Make the package with: papercut-relay bundle --out package.zip" >&2
        return 2
    fi
    # The relay needs 3.11; PaperCut's side alone does with 3.9. PaperCut's account has to start it too, which may not
    # enter the home folder of who installs: what lies there is taken last.
    for oldest in 11 9; do
        for path in "$(public_path)" "$PATH"; do
            for python in ${PYTHON:+"$PYTHON"} python3.13 python3.12 python3.11 python3; do
                python=$(PATH=$path command -v "$python") || continue
                if "$python" -c "import sys; sys.exit(sys.version_info < (3, $oldest))" 2>/dev/null; then
                    exec "$python" -B "$folder/installer" "$@"
                fi
            done
        done
    done
    if [ -n "${JYTHON_JAR:-}" ]; then
        java=${JAVA:-java}
        LC_ALL=C.UTF-8 exec "$java" -Dpython.console= -cp "$JYTHON_JAR" org.python.util.jython \
            "$folder/installer/__main__.py" --without-relay "$@"
    fi
    echo "Python 3.11 or newer was not found: install it, or name it with PYTHON=/path/to/python3." >&2
    return 2
}

start "$@"
