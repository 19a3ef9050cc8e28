# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give ansible-test what it needs: a collection that is a repository of its own, and a home with pip's script."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
# The names under which ansible-test looks for pip's bootstrap script, one for each pip that the cores above pin.
PIP_SCRIPTS = ("get_pip_23_1_2.py", "get_pip_24_2.py", "get_pip_25_2.py")


def checkout_files() -> list[str]:
    """Return the names of what git would commit of this checkout, links and files."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return sorted({name for name in names if name and ((ROOT / name).is_symlink() or (ROOT / name).is_file())})


def copy_checkout(target: Path) -> None:
    """Make target a git repository with what git would commit of this checkout, keeping target's tests/output.

    ansible-test must run inside a collection tree and resolves links. It asks git for the files to test, and the outer
    repository ignores the folder: without a repository of its own it would test nothing, and pass.
    """
    target.mkdir(parents=True, exist_ok=True)
    git = ["git", "-C", str(target)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "rm", "-rf", "--quiet", "--ignore-unmatch", "."], check=True)
    for name in checkout_files():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name, follow_symlinks=False)
    subprocess.run([*git, "add", "--all"], check=True)


def make_home(home: Path, pip_settings: Mapping[str, str], uv: Path, uv_env: Mapping[str, str]) -> None:
    """Prepare a home for ansible-test, which hands no variable to pip: its settings as a file, and pip's own script."""
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for name in PIP_SCRIPTS:
        shutil.copy(Path(__file__).with_name("get_pip.py"), cache / name)
    _write_secret(cache / "uv.json", json.dumps({"command": str(uv), "env": dict(uv_env)}))
    config = home / ".config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} = {value}" for name, value in pip_settings.items()]
    # Most of what is installed is never imported. To switch a "no-" on, pip wants a "no".
    _write_secret(config, "\n".join(["[global]", *lines, "[install]", "no-compile = no", ""]))


def _write_secret(path: Path, text: str) -> None:
    """Write a file for the user alone: addresses of package indexes hold passwords."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
