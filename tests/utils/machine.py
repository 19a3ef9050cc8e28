# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out what this machine has: Pythons, and the settings of pip."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
from pathlib import Path

# Settings of pip by the variable that tells uv the same. Like pip, uv shall take the best of all indexes.
UV_VARIABLES = {
    "cert": "SSL_CERT_FILE",
    "constraint": "UV_CONSTRAINT",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "index-url": "UV_DEFAULT_INDEX",
}
PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")


def link_interpreters(links: Path) -> set[str]:
    """Put every Python that runs on this machine first on PATH as pythonX.Y, and return their X.Y.

    The shims of pyenv stand on PATH for versions that are not selected, and fail; ansible-test hands on neither
    PYENV_VERSION nor PYENV_ROOT. So the programs behind them are linked in the folder `links`.
    """
    links.mkdir(parents=True, exist_ok=True)
    env = dict(os.environ)
    if pyenv := shutil.which("pyenv"):
        found = subprocess.run([pyenv, "versions", "--bare"], capture_output=True, text=True, check=True).stdout
        env["PYENV_VERSION"] = ":".join(found.split())
    for name in (f"python{python}" for python in PYTHONS if not (links / f"python{python}").exists()):
        if command := shutil.which(name):
            probe = [command, "-c", "import os, sys; print(os.path.realpath(sys.executable))"]
            result = subprocess.run(probe, env=env, capture_output=True, text=True, check=False)
            if result.returncode == 0:
                # By way of a name of its own: sessions that run side by side come here at the same time.
                link = links / f".{name}.{os.getpid()}"
                link.symlink_to(result.stdout.strip())
                link.replace(links / name)
    # Without the shims: ansible-test takes any pythonX.Y that it finds on PATH, and ends where one fails.
    others = [folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder).name != "shims"]
    os.environ["PATH"] = os.pathsep.join([str(links), *others])
    return {python for python in PYTHONS if (links / f"python{python}").exists()}


def pip_settings(pip: Path) -> dict[str, str]:
    """Return pip's settings as pip itself joins them from its files and variables, for tools that read only some."""
    listed = subprocess.run([pip, "config", "list"], capture_output=True, text=True, check=True).stdout
    pairs = (line.split("=", 1) for line in listed.splitlines())
    return {name.rsplit(".", 1)[-1]: " ".join(ast.literal_eval(value).split()) for name, value in pairs}


def uv_settings(commands: Path) -> dict[str, str]:
    """Return the environment in which uv installs from where the pip in a folder of commands would."""
    settings = pip_settings(commands / "pip")
    env = {variable: settings[name] for name, variable in UV_VARIABLES.items() if name in settings}
    return {"UV_INDEX_STRATEGY": "unsafe-best-match", **env}
