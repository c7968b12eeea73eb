"""The scripts keep to what CPython 3.9 and Jython 2.7 both have, and differences stand in `compat.py` alone."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.jvm import run_jython
from tests.support.papercut_site import SCRIPTS

FILES = sorted(path for path in SCRIPTS.glob("*.py") if path.name != "__init__.py")
FUTURE = "from __future__ import absolute_import, division, print_function, unicode_literals"
# Absent or wrong under Jython, and not seen by vermin, since CPython 2.7 has them; or a way around compat.py.
BANNED = {
    r"\bcompare_digest\b": "compat.equal",
    r"\bpbkdf2_hmac\b": "compat.pbkdf2_sha256_hex",
    r"\bmkstemp\b|\bos\.open\(": "compat.create_private",
    r"\burllib2?\b|\bhttplib\b|\bhttp\.client\b|^\s*import (ssl|socket)\b": "exchange.post",
    r"\bprint\(": "compat.write_stdout",
    r"\bsys\.(stdin|stdout|stderr|platform|version_info)\b|\bos\.name\b": "compat",
    r"\bos\.(replace|rename)\b|\btime\.monotonic\b": "compat",
    r"(?<![\w.])open\(": "compat.read_file",
    r"\bexcept Exception\b|\bexcept:": "compat.ANY_ERROR",
    r"\bexcept (EnvironmentError|OSError|IOError)\b": "compat.FILE_ERROR",
}
MODERN = {"json", "os", "sys", "time", "base64", "papercut_scripts", "__future__"}


def vermin(*files: Path) -> subprocess.CompletedProcess[str]:
    """Judge files by what CPython 2.7 and 3.9 have."""
    command = [sys.executable, "-c", "import vermin; vermin.main()", "--no-tips", "-t=2.7-", "-t=3.9-", "--violations"]
    return subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)


def test_vermin_finds_nothing_newer() -> None:
    done = vermin(*FILES)
    assert done.returncode == 0, done.stdout + done.stderr


def test_vermin_would_find_it(tmp_path: Path) -> None:
    newer = tmp_path / "newer.py"
    newer.write_text("import os\nos.replace('a', 'b')\n")
    assert "os.replace" in vermin(newer).stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_file_says_where_it_runs_and_goes_by_compat(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert (ast.get_docstring(tree) or "").startswith("Runs inside PaperCut's server")
    assert "standard library only" in (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ")
    assert text.startswith("# -*- coding: utf-8 -*-") and FUTURE in text
    if path.name == "compat.py":
        return
    for pattern, instead in BANNED.items():
        found = re.search(pattern, text, re.MULTILINE)
        assert not found, f"{path.name} uses {found[0]}: {instead} instead"
    imported = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    imported |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    # A sign-in sorts sentences of a server; queries never import that file.
    allowed = MODERN | {"re"} if path.name == "signin_officernd.py" else MODERN
    assert imported <= allowed, imported - allowed


def test_a_query_imports_next_to_nothing() -> None:
    """The start of the process is what a query costs: json alone would double it."""
    code = (
        "import sys; before = set(sys.modules); sys.argv = ['x', '-', 'is-valid'];"
        "from papercut_scripts import user_source, answers; print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-E", "-s", "-S", "-c", code], capture_output=True, text=True, check=True, cwd=SCRIPTS.parent
    )
    names = set(ast.literal_eval(done.stdout))
    assert not names & {
        "json",
        "re",
        "enum",
        "collections",
        "hashlib",
        "socket",
        "ssl",
        "threading",
        "logging",
        "typing",
    }
    assert len(names) < 25


def test_jython_compiles_and_imports_every_file(tmp_path: Path) -> None:
    program = tmp_path / "all.py"
    program.write_text(
        "import sys\nsys.path.insert(0, sys.argv[1])\n"
        "for name in sys.argv[2:]: __import__('papercut_scripts.' + name)\nprint('all')\n"
    )
    done = run_jython(str(program), str(SCRIPTS.parent), *(path.stem for path in FILES))
    assert done.stdout == b"all\n", done.stderr.decode()


HASHES = """
import sys
sys.path.insert(0, sys.argv[1])
from papercut_scripts import compat, verifier
words = [u'', u'plain', u'p\\u00e4ss\\u20ac', u'\\U0001F600', u' tab\\t ']
for word in words:
    compat.write_stdout((compat.pbkdf2_sha256_hex(word, compat.from_hex('00ff10'), 1000) + '\\n').encode('ascii'))
for data in (b'', b'x' * 1000, b'y' * 2000000):
    compat.write_stdout((compat.sha256_hex(data) + '\\n').encode('ascii'))
assert compat.equal('abc', 'abc') and not compat.equal('abc', 'abd') and not compat.equal('abc', 'ab')
assert len(compat.random_hex(8)) == 16 and compat.random_hex(8) != compat.random_hex(8)
"""


def test_both_interpreters_hash_alike(tmp_path: Path) -> None:
    """PINs are written by the relay under CPython and may be read under Jython."""
    program = tmp_path / "hashes.py"
    program.write_text(HASHES)
    there = run_jython(str(program), str(SCRIPTS.parent))
    here = subprocess.run([sys.executable, str(program), str(SCRIPTS.parent)], capture_output=True, check=True)
    assert there.returncode == 0, there.stderr.decode()
    assert there.stdout == here.stdout and here.stdout.count(b"\n") == 8


PRIVATE = """
import os, stat, sys
sys.path.insert(0, sys.argv[1])
from papercut_scripts import audit, compat
folder = os.path.join(sys.argv[2].decode('utf-8') if isinstance(sys.argv[2], bytes) else sys.argv[2], u'new', u'deeper')
os.umask(0)
compat.make_private_folder(folder)
compat.write_private(os.path.join(folder, u'one'), b'1', durable=True)
compat.write_private(os.path.join(folder, u'one'), b'2')
compat.append_private(os.path.join(folder, u'log'), b'a')
compat.append_private(os.path.join(folder, u'log'), b'b')
with compat.Lock(os.path.join(folder, u'lock'), 1.0): pass
try:
    compat.create_private(os.path.join(folder, u'one'))
    sys.exit('made again')
except EnvironmentError: pass
for name in sorted(os.listdir(folder)):
    mode = stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode)
    compat.write_stdout((u'%s %o\\n' % (name, mode)).encode('utf-8'))
compat.write_stdout(compat.read_file(os.path.join(folder, u'one')) + compat.read_file(os.path.join(folder, u'log')))
"""


@pytest.mark.parametrize("interpreter", ["cpython", "jython"])
def test_files_are_private_from_the_first_byte(interpreter: str, tmp_path: Path) -> None:
    """Jython ignores the mode of os.open, so its files come from Java."""
    program = tmp_path / "private.py"
    program.write_text(PRIVATE)
    if interpreter == "jython":
        done = run_jython(str(program), str(SCRIPTS.parent), str(tmp_path))
    else:
        command = [sys.executable, str(program), str(SCRIPTS.parent), str(tmp_path)]
        done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == b"lock 600\nlog 600\none 600\n2ab"
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
