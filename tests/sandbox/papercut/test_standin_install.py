"""The product's programs as an installer leaves them: started by the stand-in from files alone."""

from __future__ import annotations

import os
import sys

import pytest

from relay.sandbox.papercut import install, programs


@pytest.fixture
def installed(papercut, tmp_path):
    user_source, auth = install.install_programs(tmp_path / "programs", tmp_path / "home")
    papercut.use_programs(user_source, auth)
    return user_source, auth


def test_the_programs_lie_beside_the_pointer_to_the_hand_over_files(installed, tmp_path):
    """papercut-server-api 3.1: PaperCut gives the user source no environment"""
    user_source, auth = installed
    assert user_source.parent == auth.parent == tmp_path / "programs"
    assert (user_source.parent / "officernd_home.txt").read_text(encoding="utf-8") == f"{tmp_path / 'home'}\n"


@pytest.mark.skipif(os.name == "nt", reason="no first lines there")
def test_they_name_their_interpreter_absolutely(installed):
    """papercut-server-api 3.4: call interpreters by absolute path"""
    for program in installed:
        assert program.read_text(encoding="utf-8").startswith(f"#!{sys.executable} -ESs\n")
        assert os.access(program, os.X_OK)


def test_where_a_first_line_cannot_name_the_interpreter_the_file_itself_is_used(tmp_path, monkeypatch):
    """papercut-server-api 3.1: a path ending in .py"""
    monkeypatch.setattr(sys, "executable", "/Program Files/python")
    user_source, auth = install.install_programs(tmp_path / "programs", tmp_path / "home")
    assert (user_source.name, auth.name) == ("user_source.py", "auth_program.py")


def test_without_hand_over_files_the_user_source_refuses_and_says_why(papercut, installed):
    """papercut-server-api 3.2: error text on stderr and non-zero"""
    with pytest.raises(programs.ProgramError, match="all-users ended with exit code 1: .{20,}"):
        programs.ask_user_source(papercut.state, "all-users")


def test_without_hand_over_files_the_auth_program_refuses_cleanly(papercut, installed):
    """papercut-server-api 3.4: exit code always 0"""
    assert papercut.popup_login("ann@example.com", "secret").reason == "refused"
