"""Puts the product's two programs where the stand-in can start them: files only, as an installer would.

Nothing of the relay is needed beside them, and no environment: they find the hand-over files by `officernd_home.txt`.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
from pathlib import Path

import papercut_scripts

PROGRAMS = {"user_source.py": "officernd-user-source", "auth_program.py": "officernd-auth"}
_LONGEST_SHEBANG = 120


def install_programs(directory: Path, home: Path) -> tuple[Path, Path]:
    """Copy the programs into `directory`, pointed at the hand-over folder `home`; return (user source, auth program).

    On POSIX both are executables that name this interpreter absolutely; where that cannot be (Windows, or a path that
    a first line cannot hold) they are the `.py` files.
    """
    directory = directory.absolute()
    directory.mkdir(parents=True, exist_ok=True)
    for file in Path(papercut_scripts.__file__).parent.iterdir():
        if file.suffix in (".py", ".js"):
            shutil.copyfile(file, directory / file.name)
    (directory / "officernd_home.txt").write_text(f"{home.absolute()}\n", encoding="utf-8")
    user_source, auth = (_startable(directory / source, directory / name) for source, name in PROGRAMS.items())
    return user_source, auth


def _startable(source: Path, program: Path) -> Path:
    # As the installer starts them: nothing of the environment, the home folder or site-packages gets in.
    shebang = f"#!{sys.executable} -ESs"
    if os.name == "nt" or " " in sys.executable or len(shebang) > _LONGEST_SHEBANG:
        return source
    program.write_text(f"{shebang}\n{source.read_text(encoding='utf-8')}", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP)
    return program
