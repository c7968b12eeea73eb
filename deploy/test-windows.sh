#!/bin/sh
# Runs the tests marked `windows` under a real Windows CPython 3.11, in wine (Debian 12, as root or with sudo).
# Arguments go to pytest: sh deploy/test-windows.sh tests/test_lock.py -k burst
# Everything lies in the folder .windows here, or in $WINDOWS_FOLDER, apart from apt's packages: about a minute and 1 GB
# the first time. Its `wine` starts any Windows program: .windows/wine 'C:\Python311\python.exe' -m relay demo
# What wine cannot show is told in deploy/docs/WINDOWS.md.
set -eu
project=$(cd "$(dirname "$0")/.." && pwd)
folder=${WINDOWS_FOLDER:-$project/.windows}
mkdir -p "$folder"
here=$(cd "$folder" && pwd)
# What is removed below lies in this folder: an empty name, or one that has somebody else's files, is refused.
if [ "$here" = / ] || { [ -n "$(ls -A "$here")" ] && [ ! -e "$here/environment" ]; }; then
    echo "$here is not empty and not ours: name another WINDOWS_FOLDER." >&2
    exit 2
fi
drive=$here/prefix/drive_c
source=$project/tests/windows
python=${PYTHON:-python3}
panda=panda3d==1.10.16
say() { printf '%s %s\n' "$(date +%T)" "$*"; }

# -- Debian's packages ------------------------------------------------------------------------------------------------
missing=""
for package in wine64 wine gcc-mingw-w64-x86-64-win32 binutils-mingw-w64-x86-64 unzip; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
if [ -n "$missing" ]; then
    say "apt:$missing"
    root=""
    [ "$(id -u)" -eq 0 ] || root=sudo
    export DEBIAN_FRONTEND=noninteractive
    $root apt-get -o DPkg::Lock::Timeout=600 update -qq
    # shellcheck disable=SC2086 # a list of words
    $root apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends $missing >/dev/null
fi

# -- wine: one place for its limits -----------------------------------------------------------------------------------
cat >"$here/environment" <<ENVIRONMENT
export WINEPREFIX='$here/prefix' WINEARCH=win64 WINEDEBUG=-all WINELOADER=/usr/lib/wine/wine64
export LC_ALL=C.UTF-8 WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe=' DISPLAY= XDG_RUNTIME_DIR='$here'
unset PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE PIP_CONFIG_FILE PIP_FIND_LINKS
[ ! -f /etc/ssl/certs/ca-certificates.crt ] || export PIP_CERT='Z:\\etc\\ssl\\certs\\ca-certificates.crt'
ENVIRONMENT
# wine makes a Windows access list of a file's mode, and no folder passes its list on: without a mask everybody could
# read every new file, as no user's folder under Windows lets them.
# The services of wine start with none of our pipes in their hands: they would keep them open, and their readers waiting.
# wine 8 cannot stat a regular file that it inherits as a standard handle, and CPython then dies at its start: so
# everything goes through pipes.
cat >"$here/wine" <<WINE
#!/bin/bash
. '$here/environment'
set -o pipefail
umask 077
if /usr/lib/wine/wineserver64 -p60 </dev/null >/dev/null 2>&1 3>&-; then
    /usr/lib/wine/wine64 wineboot </dev/null >/dev/null 2>&1 3>&-
fi
[ ! -f /dev/stdin ] || exec < <(exec cat)
if [ ! -f /dev/stdout ] && [ ! -f /dev/stderr ]; then exec /usr/lib/wine/wine64 "\$@"; fi
{ /usr/lib/wine/wine64 "\$@" 2>&1 1>&3 3>&- | cat >&2; } 3>&1 | cat
WINE
chmod +x "$here/wine"
# shellcheck disable=SC1091 # written above
stop() { (. "$here/environment" && /usr/lib/wine/wineserver64 -k) >/dev/null 2>&1 || true; }
trap stop EXIT
trap 'exit 1' INT TERM

build() {
    say "wine's own files"
    # shellcheck disable=SC1091 # written above
    (
        . "$here/environment"
        timeout 300 /usr/lib/wine/wine64 wineboot -i </dev/null >/dev/null 2>&1
        timeout 60 /usr/lib/wine/wineserver64 -w </dev/null >/dev/null 2>&1 || true
    )

    say "wheels"
    mkdir "$here/wheels"
    set -- --quiet --disable-pip-version-check --no-deps --only-binary=:all: --platform win_amd64 \
        --python-version 3.11 --implementation cp --dest "$here/wheels"
    "$python" -m pip download "$@" "$panda"
    # The lock of the tests without its conditions: pip would ask this machine for them, and all of it is for Windows too.
    sed 's/ ;.*\\$/ \\/' "$project/requirements-test.lock" >"$here/wheels/lock"
    set -- "$@" --abi cp311 --abi abi3 --abi none
    "$python" -m pip download "$@" --require-hashes --requirement "$here/wheels/lock"
    "$python" -m pip download "$@" --requirement "$source/requirements.txt"

    say "Python"
    target=$drive/Python311
    mkdir -p "$target/DLLs" "$target/Lib/site-packages" "$target/Lib/venv/scripts/nt" "$target/Scripts"
    mkdir "$here/build"
    unzip -q "$here"/wheels/panda3d-*.whl 'deploy_libs/*' -x 'deploy_libs/api-ms-win-crt-*' -d "$here/build"
    mv "$here/build/deploy_libs/python311.dll" "$here/build/deploy_libs/VCRUNTIME140.dll" "$target/"
    mv "$here"/build/deploy_libs/*.pyd "$here"/build/deploy_libs/*.dll "$target/DLLs/"
    rm "$here"/wheels/panda3d-*.whl
    # The part of the standard library that is Python is the same everywhere: this machine's own 3.11.
    library=$("$python" -c 'import sys, sysconfig
assert sys.version_info[:2] == (3, 11), "Python 3.11 is needed: set PYTHON"
print(sysconfig.get_path("stdlib"))')
    tar cf - -C "$library" --exclude=__pycache__ --exclude=site-packages --exclude=lib-dynload --exclude='config-3*' \
        --exclude=./test --exclude=idlelib --exclude=tkinter --exclude=turtledemo --exclude=lib2to3 \
        --exclude='_sysconfigdata*' . | tar xf - -C "$target/Lib"
    for wheel in "$here"/wheels/*.whl; do
        unzip -q -o "$wheel" -d "$target/Lib/site-packages"
    done

    say "programs"
    work=$here/build
    cc=x86_64-w64-mingw32-gcc-win32
    # Every name that python311.dll has, as an import library, and as forwarders in python3.dll for abi3 wheels.
    x86_64-w64-mingw32-objdump -p "$target/python311.dll" | awk '
        /\[Ordinal\/Name Pointer\] Table/ {on=1; next} on && /^\t*\[/ {print $NF} on && /^$/ {exit}' | sort -u >"$work/names"
    [ "$(wc -l <"$work/names")" -gt 1000 ]
    { echo 'LIBRARY python311.dll' && echo EXPORTS && cat "$work/names"; } >"$work/python311.def"
    { echo 'LIBRARY python3.dll' && echo EXPORTS && sed 's/.*/& = python311.&/' "$work/names"; } >"$work/python3.def"
    x86_64-w64-mingw32-dlltool -d "$work/python311.def" -l "$work/libpython311.a"
    $cc -O1 -municode -o "$target/python.exe" "$source/python.c" -L"$work" -lpython311
    $cc -O1 -municode -o "$target/py.exe" "$source/py.c"
    $cc -O1 -municode -o "$target/venvlauncher.exe" "$source/venvlauncher.c"
    for name in python pythonw; do cp "$target/venvlauncher.exe" "$target/Lib/venv/scripts/nt/$name.exe"; done
    echo 'int x;' >"$work/empty.c"
    $cc -shared -nostdlib -o "$target/python3.dll" "$work/empty.c" "$work/python3.def" -Wl,--entry=0
    $cc -O1 -shared -o "$target/bcryptprimitives.dll" "$source/bcryptprimitives.c" -ladvapi32
}

recipe=$(cat "$0" "$source"/*.c "$source/requirements.txt" "$project/requirements-test.lock" | sha256sum)
if [ "$(cat "$here/recipe" 2>/dev/null)" != "$recipe" ]; then
    stop
    rm -rf "${here:?}/prefix" "${here:?}/wheels" "${here:?}/build"
    build
    rm -rf "${here:?}/build"
    echo "$recipe" >"$here/recipe"
fi

# -- the project, as it is now ----------------------------------------------------------------------------------------
say "the project"
rm -rf "${here:?}/prefix/drive_c/project"
mkdir "$drive/project"
(cd "$project" && git ls-files -z --cached --others --exclude-standard |
    tar cf - --null --ignore-failed-read -T - 2>/dev/null) | tar xf - -C "$drive/project"
timeout 300 "$here/wine" 'C:\Python311\python.exe' -W ignore -m pip install --quiet --no-deps --no-build-isolation \
    --no-index --no-warn-script-location --disable-pip-version-check -e 'C:\project' </dev/null

say "tests"
cd "$drive/project"
# To read all tests takes wine longer than to run these: only files that have the mark are given to it.
# shellcheck disable=SC2046 # a list of names without blanks
[ $# -gt 0 ] || set -- $(grep -rl --include='test_*.py' 'mark\.windows' tests)
# A test that hangs tells where, each is named as it ends, and the whole never outlasts its time.
timeout --kill-after=10 "${WINDOWS_LIMIT_S:-720}" "$here/wine" 'C:\Python311\python.exe' -m pytest -m windows \
    -n 2 --dist loadfile -p no:cacheprovider -o faulthandler_timeout=120 -v "$@" </dev/null
