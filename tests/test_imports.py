"""Imports point one way, what decides on people and money does no input or output, and nothing is there for nobody."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
from vulture import Vulture

from tests.support.repository import RELAY, ROOT

IMPURE = {"requests", "sqlalchemy", "os", "time", "random", "subprocess", "socket", "lxml"}
CLIENTS = (
    "relay.officernd.client",
    *(f"relay.papercut.{name}" for name in ("client", "quotas", "web_services", "wire")),
)
PURE = [
    "people/directory.py",
    *(f"people/decide/{file.name}" for file in sorted((RELAY / "people" / "decide").glob("*.py"))),
    "people/world.py",
    "people/act/verify.py",
    "amounts.py",
    "accounts.py",
    *(f"money/decide/{file.name}" for file in sorted((RELAY / "money" / "decide").glob("*.py"))),
]

# What stands in the product and is asked for by nobody in it, and why it stays.
UNUSED = {
    "a library asks for it": """
        __path__ __call__ format_commands readable raiseExceptions trust_env response_class ConnectionCls
        pool_classes_by_scheme _content _content_consumed down_revision impl cache_ok process_bind_param
        process_result_value isolation_level model_config collect secret_key trim_blocks lstrip_blocks autoescape
        finalize newstyle_gettext channel_class creation_date revision_date compress_type external_attr
        request_queue_size protocol_version disable_nagle_algorithm wbufsize timeout
        do_* close_connection version_string log_message get_redirect_target EndElementHandler
        StartElementHandler StartDoctypeDeclHandler process_request""",
    "click hands an option to the function of its command": "test",
    "PaperCut's interface has the parameter": "ignore_mode send_email charge_personal from_list as_other",
    "PaperCut's print script calls it": "checker",
    "read by name, of a list of names": "top_ups reads_a_* writes_a_* comment_option invoice_option",
    "a handle of the stand-ins, for tests": """
        add_pass asked_program grant_coins release_database rename_fee revoke_tokens transactions_of waive_fee""",
}
REGISTERED = ["@page.*", "@command", "@group", "@*.command", "@method", "@_asks"]  # what calls them is a table


def imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def test_imports_point_one_way() -> None:
    """The layers stand in pyproject.toml, [tool.importlinter]."""
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", PURE)
def test_what_decides_touches_nothing(name: str) -> None:
    roots = {module.partition(".")[0] for module in imported(RELAY / name)}
    assert roots & IMPURE == set()
    assert {module for module in imported(RELAY / name) if module.startswith(CLIENTS)} == set()


def test_only_the_command_line_prints() -> None:
    callers = [
        str(file.relative_to(ROOT))
        for file in RELAY.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert callers == []


def test_nothing_is_there_that_nobody_uses() -> None:
    """A template asks for what it names behind a dot or a bar; `UNUSED` says the rest, and must not grow stale."""
    templates = " ".join(file.read_text(encoding="utf-8") for file in RELAY.rglob("*.html"))
    in_templates = set(re.findall(r"[.|](\w+)", templates))
    known = " ".join(UNUSED.values()).split()
    search = Vulture(ignore_decorators=REGISTERED)
    search.scavenge([str(RELAY), str(ROOT / "papercut_scripts")])
    found = {item.name: item.get_report() for item in search.get_unused_code() if item.name not in in_templates}
    assert [report for name, report in found.items() if not any(fnmatch(name, one) for one in known)] == []
    assert [one for one in known if not any(fnmatch(name, one) for name in found)] == []


def test_no_two_classes_have_one_name() -> None:
    where: dict[str, list[str]] = {}
    for file in (*RELAY.rglob("*.py"), *(ROOT / "papercut_scripts").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                where.setdefault(node.name, []).append(str(file.relative_to(ROOT)))
    assert {name: files for name, files in where.items() if len(files) > 1} == {}


def test_where_the_repository_lies_is_told_once() -> None:
    """A test that moves to another folder need not count anew how far up its files are."""
    counting = re.compile(r"__file__\)\.(parents|parent\.parent)")
    found = [file for file in (ROOT / "tests").rglob("*.py") if counting.search(file.read_text(encoding="utf-8"))]
    assert [file.name for file in found if "node_modules" not in file.parts] == ["repository.py"]
