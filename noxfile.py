# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every check of this collection. `make` sets up what this needs; `make test` runs the sessions tagged `test`.

lint, unit and e2e run in the environment that nox itself runs in (.venv); the others make one each below .nox.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import nox

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True
nox.options.tags = ["test"]

ROOT = Path(__file__).resolve().parent
CACHE = ROOT / ".cache"
TREE = CACHE / "collections"
# For tools that write into the home folder: a log, copies of plugins.
HOME = CACHE / "home"
PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
# ansible-core and the Pythons of its controller: https://docs.ansible.com/ansible/latest/reference_appendices/release_and_maintenance.html
CORES = {
    "2.16": ("3.10", "3.11", "3.12"),
    "2.17": ("3.10", "3.11", "3.12"),
    "2.18": ("3.11", "3.12", "3.13"),
    "2.19": ("3.11", "3.12", "3.13"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.21": ("3.12", "3.13", "3.14"),
}
OLDEST, NEWEST = min(CORES), max(CORES)
OWN_CORE = ".".join(version("ansible-core").split(".")[:2])
# The names under which ansible-test looks for pip's bootstrap script, one for each pip that the cores above pin.
PIP_SCRIPTS = ("get_pip_23_1_2.py", "get_pip_24_2.py", "get_pip_25_2.py")
# Where the commands of the environment that runs nox are; sessions without an environment of their own use these.
BIN = Path(sys.executable).parent
# Settings of pip by the variable that tells uv the same. Like pip, uv shall take the best of all indexes.
UV_VARIABLES = {
    "cert": "SSL_CERT_FILE",
    "constraint": "UV_CONSTRAINT",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "index-url": "UV_DEFAULT_INDEX",
}
# What can come out otherwise with another Azure SDK: every request and answer of the module.
SDK_TESTS = tuple(
    f"tests/e2e/test_{name}.py"
    for name in (
        "change",
        "credentials",
        "operations",
        "sdk_versions",
        "service_errors",
        "strange_answers",
        "try_again",
    )
)
TEST_REQUIREMENTS = ("requirements.txt", "tests/emulator/requirements.txt", "tests/requirements-pytest.txt")


def link_interpreters() -> set[str]:
    """Put every Python that runs on this machine first on PATH as pythonX.Y, and return their X.Y.

    The shims of pyenv stand on PATH for versions that are not selected, and fail; ansible-test hands on neither
    PYENV_VERSION nor PYENV_ROOT. So the programs behind them are linked under .cache/bin.
    """
    links = CACHE / "bin"
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


AVAILABLE = link_interpreters()


def usual_python(core: str) -> str:
    """Return the Python for a core where only one is tried: the oldest core's oldest, else the newest there is.

    Where none is there it names the oldest that would do, and the session is reported as skipped.
    """
    usable = [python for python in CORES[core] if python in AVAILABLE] or [CORES[core][0]]
    return usable[0] if core == OLDEST else usable[-1]


def pip_settings() -> dict[str, str]:
    """Return pip's settings as pip itself joins them from its files and variables, for tools that read only some."""
    listed = subprocess.run([BIN / "pip", "config", "list"], capture_output=True, text=True, check=True).stdout
    pairs = (line.split("=", 1) for line in listed.splitlines())
    return {name.rsplit(".", 1)[-1]: " ".join(ast.literal_eval(value).split()) for name, value in pairs}


def install(session: nox.Session, *requirements: str) -> None:
    """Install requirements, a file where the name ends in .txt, from where pip would take them."""
    settings = pip_settings()
    env = {variable: settings[name] for name, variable in UV_VARIABLES.items() if name in settings}
    args = [arg for item in requirements for arg in (["-r", item] if item.endswith(".txt") else [item])]
    session.install(*args, env={"UV_INDEX_STRATEGY": "unsafe-best-match", **env})


def run(session: nox.Session, command: str, *args: str, **more_env: str) -> None:
    """Run a command of the environment that runs nox, with this checkout as pgflex.azure."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    env = {"ANSIBLE_COLLECTIONS_PATH": str(TREE), "ANSIBLE_HOME": str(CACHE / "ansible"), "PATH": path, **more_env}
    session.run(BIN / command, *args, env=env, external=True)


@nox.session(venv_backend="none", tags=["test"], allow_parallel=True)
def lint(session: nox.Session) -> None:
    """Formatting, types, YAML, playbooks, documentation, changelog, licences. One finding does not hide the next."""
    HOME.mkdir(parents=True, exist_ok=True)
    failed = set()
    for command, *args in (
        ("ruff", "format", "--check"),
        ("ruff", "check"),
        ("yamllint", "--strict", "."),
        ("mypy", "noxfile.py", "tests", str(TREE / "ansible_collections" / "pgflex" / "azure" / "plugins")),
        ("ansible-lint", "--strict"),
        ("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck", "."),
        ("antsibull-changelog", "lint"),
        ("reuse", "lint", "--quiet"),
    ):
        try:
            run(session, command, *args, **({"HOME": str(HOME)} if command == "antsibull-docs" else {}))
        except nox.command.CommandFailed:
            failed.add(command)
    if failed:
        raise nox.command.CommandFailed(f"Not clean: {', '.join(sorted(failed))}")


@nox.session(tags=["test"], allow_parallel=True)
def galaxy(session: nox.Session) -> None:
    """Build the collection and import it as Galaxy and Automation Hub would."""
    HOME.mkdir(parents=True, exist_ok=True)
    install(session, "tests/requirements-galaxy.txt")
    output = Path(session.create_tmp())
    for archive in output.glob("*.tar.gz"):
        archive.unlink()
    session.chdir(output)
    env = {"GALAXY_IMPORTER_CHECK_REQUIRED_TAGS": "True", "HOME": str(HOME)}
    importer = ["python", "-m", "galaxy_importer.main", "--git-clone-path", str(ROOT), "--output-path", "."]
    said = str(session.run(*importer, env=env, silent=True))
    session.log(said)
    # The importer ends well even where no documentation could be read.
    if "WARNING" in said or "ERROR" in said:
        raise nox.command.CommandFailed("The importer found something, see above")


@nox.session(venv_backend="none", tags=["test"], allow_parallel=True)
def unit(session: nox.Session) -> None:
    """Unit tests."""
    run(session, "pytest", "tests/unit", *session.posargs)


@nox.session(venv_backend="none", tags=["test"], allow_parallel=True)
def e2e(session: nox.Session) -> None:
    """Modules, role and playbooks against the emulator."""
    run(session, "pytest", "tests/e2e", "--numprocesses", "4", "--dist", "worksteal", *session.posargs)


@nox.session(venv_backend="none", tags=["test"], allow_parallel=True)
def browser(session: nox.Session) -> None:
    """The HTML report in a headless Chromium; skipped with a word where there is none."""
    run(session, "pytest", "tests/browser", *session.posargs)


@nox.session(allow_parallel=True)
@nox.parametrize(
    "azure",
    [
        nox.param("oldest", id="oldest", tags=["test"]),
        nox.param("2.0", id="2.0", tags=["test"]),
        nox.param("newest", id="newest"),
    ],
)
def sdk(session: nox.Session, azure: str) -> None:
    """The module's requests with another Azure SDK. `make test` leaves out the newest, which e2e runs with."""
    wanted = {
        "oldest": [
            line.replace(">=", "==")
            for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
            if line.startswith("azure-")
        ],
        "2.0": ["azure-mgmt-postgresqlflexibleservers==2.0.*"],
        "newest": ["--upgrade"],
    }[azure]
    install(session, f"ansible-core=={OWN_CORE}.*", *TEST_REQUIREMENTS, *wanted)
    session.run("pytest", *SDK_TESTS, "--numprocesses", "2", *session.posargs)


@nox.session(allow_parallel=True)
@nox.parametrize(
    ("python", "core"),
    [
        nox.param(
            python,
            core,
            id=f"{core}-python{python}",
            tags=["test"] if core in (OLDEST, NEWEST) and python == usual_python(core) else [],
        )
        for core, pythons in CORES.items()
        for python in pythons
    ],
)
def cores(session: nox.Session, core: str) -> None:
    """Smoke tests with one ansible-core on one Python. `make test` takes the oldest core and the newest."""
    install(session, f"ansible-core=={core}.*", *TEST_REQUIREMENTS)
    session.run("pytest", "tests/e2e", "-m", "smoke", *session.posargs)


def copy_checkout(target: Path) -> None:
    """Make target a git repository with what git would commit of this checkout, keeping target's tests/output.

    ansible-test must run inside a collection tree and resolves links. It asks git for the files to test, and the outer
    repository ignores the folder: without a repository of its own it would test nothing, and pass.
    """
    target.mkdir(parents=True, exist_ok=True)
    git = ["git", "-C", str(target)]
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "rm", "-rf", "--quiet", "--ignore-unmatch", "."], check=True)
    for name in filter(None, names):
        if (ROOT / name).is_symlink() or (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name, follow_symlinks=False)
    subprocess.run([*git, "add", "--all"], check=True)


def make_home(home: Path) -> None:
    """Prepare a home for ansible-test, which hands no variable to pip: its settings as a file, and pip's own script."""
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for name in PIP_SCRIPTS:
        shutil.copy(ROOT / "tests" / "utils" / "get_pip.py", cache / name)
    config = home / ".config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} = {value}" for name, value in pip_settings().items()]
    config.touch(mode=0o600)
    config.write_text("\n".join(["[global]", *lines, ""]), encoding="utf-8")


@nox.session(allow_parallel=True)
@nox.parametrize(
    ("python", "core"),
    [
        nox.param(usual_python(core), core, id=core, tags=["test"] if core in (OLDEST, NEWEST) else [])
        for core in sorted({OLDEST, OWN_CORE, NEWEST}, key=list(CORES).index)
    ],
)
def sanity(session: nox.Session, core: str) -> None:
    """All of ansible-test sanity, with no ignore file."""
    install(session, f"ansible-core=={core}.*")
    base = CACHE / "ansible-test" / core
    checkout = base / "ansible_collections" / "pgflex" / "azure"
    copy_checkout(checkout)
    make_home(base / "home")
    session.chdir(checkout)
    session.run("ansible-test", "sanity", "--venv", "--color", "no", *session.posargs, env={"HOME": str(base / "home")})
