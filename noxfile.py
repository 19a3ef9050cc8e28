# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every check of this collection. `make` sets up what this needs; `make test` runs the sessions tagged `test`,
in the order of this file: what takes long comes first, so that no core is idle at the end. e2e, unit and chaos are done
each time. The others try the same files in other environments, or read them: they are not done again for a checkout
with which they have passed. A new one, or `make clean`, does everything.

lint, unit, e2e, chaos and browser run in the environment that nox itself runs in (.venv); the others make one each
below .nox.
"""

from __future__ import annotations

import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import nox

sys.path.insert(0, str(Path(__file__).resolve().parent / "tests"))

from utils.ansible_test import copy_checkout, make_home
from utils.machine import link_interpreters, pip_settings
from utils.passed import once

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
# Where what users get is. The rest are tests: what one core's linters say of them is enough.
PUBLISHED = ("changelogs", "docs", "meta", "playbooks", "plugins", "roles")
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
TEST_REQUIREMENTS = ("requirements.txt", "tests/emulator/requirements.txt", "tests/requirements-pytest.txt")


# Images of containers like to set this. Every process would compile what it imports anew: half of its time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


AVAILABLE = link_interpreters(CACHE / "bin")


def usual_python(core: str) -> str:
    """Return the Python for a core where only one is tried: the oldest core's oldest, else the newest there is.

    Where none is there it names the oldest that would do, and the session is reported as skipped.
    """
    usable = [python for python in CORES[core] if python in AVAILABLE] or [CORES[core][0]]
    return usable[0] if core == OLDEST else usable[-1]


def install(session: nox.Session, *requirements: str) -> None:
    """Install requirements, a file where the name ends in .txt, from where pip would take them."""
    settings = pip_settings(BIN / "pip")
    env = {variable: settings[name] for name, variable in UV_VARIABLES.items() if name in settings}
    args = [arg for item in requirements for arg in (["-r", item] if item.endswith(".txt") else [item])]
    session.install(*args, env={"UV_INDEX_STRATEGY": "unsafe-best-match", **env})


def run(session: nox.Session, command: str, *args: str, **more_env: str) -> None:
    """Run a command of the environment that runs nox, with this checkout as pgflex.azure."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    env = {"ANSIBLE_COLLECTIONS_PATH": str(TREE), "ANSIBLE_HOME": str(CACHE / "ansible"), "PATH": path, **more_env}
    session.run(BIN / command, *args, env=env, external=True)


@nox.session(venv_backend="none", tags=["test"], allow_parallel=True)
def e2e(session: nox.Session) -> None:
    """Modules, role and playbooks against the emulator."""
    run(session, "pytest", "tests/e2e", "--numprocesses", "4", "--dist", "worksteal", *session.posargs)


@nox.session(tags=["test"], allow_parallel=True)
@once
def awx(session: nox.Session) -> None:
    """Jobs as AWX runs them, what is set up in AWX, and execution environments."""
    install(session, f"ansible-core=={OWN_CORE}.*", *TEST_REQUIREMENTS, "tests/requirements-awx.txt")
    session.run("pytest", "tests/awx", "--numprocesses", "2", "--dist", "loadfile", *session.posargs)


@nox.session(allow_parallel=True)
@nox.parametrize(
    ("python", "core"),
    [
        nox.param(usual_python(core), core, id=core, tags=["test"] if core in (OLDEST, NEWEST) else [])
        for core in sorted({OLDEST, OWN_CORE, NEWEST}, key=list(CORES).index)
    ],
)
@once
def sanity(session: nox.Session, core: str) -> None:
    """All of ansible-test sanity, with no ignore file; the newest core looks at the tests too."""
    install(session, f"ansible-core=={core}.*")
    base = CACHE / "ansible-test" / core
    checkout = base / "ansible_collections" / "pgflex" / "azure"
    copy_checkout(checkout)
    make_home(base / "home", pip_settings(BIN / "pip"))
    session.chdir(checkout)
    folders = [] if core == NEWEST else [f"{name}/" for name in PUBLISHED]
    env = {"HOME": str(base / "home")}
    session.run("ansible-test", "sanity", "--venv", "--color", "no", *folders, *session.posargs, env=env)


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
@once
def cores(session: nox.Session, core: str) -> None:
    """Smoke tests with one ansible-core on one Python. `make test` takes the oldest core and the newest."""
    install(session, f"ansible-core=={core}.*", *TEST_REQUIREMENTS)
    session.run("pytest", "tests/e2e", "-m", "smoke", *session.posargs)


@nox.session(allow_parallel=True)
@nox.parametrize(
    "azure",
    [
        nox.param("oldest", id="oldest", tags=["test"]),
        nox.param("2.0", id="2.0", tags=["test"]),
        nox.param("newest", id="newest"),
    ],
)
@once
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
    # With 2.0 azure-identity is the newest, as in e2e.
    chosen = "sdk" if azure == "2.0" else "sdk or identity"
    session.run("pytest", "tests/e2e", "-m", chosen, *session.posargs)


@nox.session(venv_backend="none", tags=["test"], allow_parallel=True)
@once
def lint(session: nox.Session) -> None:
    """Formatting, types, YAML, playbooks, documentation, changelog, licences. One finding does not hide the next."""
    HOME.mkdir(parents=True, exist_ok=True)
    # reuse asks once what git ignores, and takes what another session caches after that for a file without a licence.
    copy_checkout(CACHE / "reuse")
    workflows = sorted(str(each.relative_to(ROOT)) for each in (ROOT / ".github" / "workflows").iterdir())
    failed = set()
    for command, *args in (
        ("ruff", "format", "--check"),
        ("ruff", "check"),
        ("yamllint", "--strict", "."),
        ("mypy", "noxfile.py", "tests", str(TREE / "ansible_collections" / "pgflex" / "azure" / "plugins")),
        ("ansible-lint", "--strict"),
        ("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck", "."),
        ("antsibull-changelog", "lint"),
        ("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows),
        ("check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml"),
        ("reuse", "--root", str(CACHE / "reuse"), "lint", "--lines"),
    ):
        try:
            run(session, command, *args, **({"HOME": str(HOME)} if command == "antsibull-docs" else {}))
        except nox.command.CommandFailed:
            failed.add(command)
    if failed:
        raise nox.command.CommandFailed(f"Not clean: {', '.join(sorted(failed))}")


@nox.session(tags=["test"], allow_parallel=True)
@once
def galaxy(session: nox.Session) -> None:
    """Build the collection and import it as Galaxy and Automation Hub would."""
    HOME.mkdir(parents=True, exist_ok=True)
    install(session, "tests/requirements-galaxy.txt")
    output = Path(session.create_tmp())
    for archive in output.glob("*.tar.gz"):
        archive.unlink()
    session.chdir(output)
    # ansible-lint runs in the session lint, in the same version and with the same profile.
    settings = {"CHECK_REQUIRED_TAGS": "True", "RUN_ANSIBLE_LINT": "False"}
    env = {"HOME": str(HOME), **{f"GALAXY_IMPORTER_{name}": value for name, value in settings.items()}}
    importer = ["python", "-m", "galaxy_importer.main", "--git-clone-path", str(ROOT), "--output-path", "."]
    said = str(session.run(*importer, env=env, silent=True))
    session.log(said)
    # The importer ends well even where no documentation could be read.
    if "WARNING" in said or "ERROR" in said:
        raise nox.command.CommandFailed("The importer found something, see above")


@nox.session(venv_backend="none", tags=["test"], allow_parallel=True)
@once
def demo(session: nox.Session) -> None:
    """What `make demo` shows, to the end."""
    run(session, "python", "tests/demo", HOME=str(HOME))


@nox.session(venv_backend="none", tags=["test"], allow_parallel=True)
def unit(session: nox.Session) -> None:
    """Unit tests."""
    run(session, "pytest", "tests/unit", *session.posargs)


@nox.session(venv_backend="none", tags=["test"], allow_parallel=True)
def chaos(session: nox.Session) -> None:
    """Random wishes and troubles, random input, and rules that are broken on purpose."""
    run(session, "pytest", *(session.posargs or ["tests/chaos", "tests/fuzz", "tests/mutations"]))


@nox.session(allow_parallel=True)
def fuzz(session: nox.Session) -> None:
    """Everything that reads what people write, with texts that atheris makes; skipped with a word without a wheel."""
    install(session, f"ansible-core=={OWN_CORE}.*", "requirements.txt", "tests/emulator/requirements.txt")
    try:
        install(session, "--only-binary=:all:", "atheris")
    except nox.command.CommandFailed:
        session.skip("atheris has no wheel for this Python: Hypothesis tries out the same in `make test`")
    path = os.pathsep.join([str(TREE), str(ROOT / "tests")])
    session.run("python", "-m", "fuzz", *session.posargs, env={"PYTHONPATH": path})


@nox.session(venv_backend="none", tags=["test"], allow_parallel=True)
@once
def browser(session: nox.Session) -> None:
    """The HTML report in a headless Chromium; skipped with a word where there is none."""
    run(session, "pytest", "tests/browser", *session.posargs)


def build_site(session: nox.Session) -> None:
    """Build the site in .cache/docs/html from the documentation of the plugins and the written pages."""
    source, config = CACHE / "docs" / "rst", ROOT / "docs" / "site"
    shutil.rmtree(source.parent, ignore_errors=True)
    source.mkdir(mode=0o700, parents=True)
    env = {"ANSIBLE_COLLECTIONS_PATH": str(TREE), "HOME": str(HOME)}
    collection = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--cleanup", "everything", "pgflex.azure"]
    settings = ["--config-file", str(config / "antsibull-docs.cfg")]
    session.run("antsibull-docs", *settings, "collection", "--dest-dir", str(source), *collection, env=env)
    with (source / "index.rst").open("a", encoding="utf-8") as index:
        index.write((config / "more.rst").read_text(encoding="utf-8"))
    for page in (ROOT / "docs").glob("*.md"):
        text = page.read_text(encoding="utf-8").replace("](../", "](https://github.com/pgflex/azure/blob/main/")
        (source / page.name).write_text(text, encoding="utf-8")
    strict = ["--quiet", "--nitpicky", "--fail-on-warning", "--keep-going"]
    session.run("sphinx-build", *strict, "-c", str(config), str(source), str(source.with_name("html")))


@nox.session(tags=["test"], allow_parallel=True)
@once
def docs(session: nox.Session) -> None:
    """Build the site in .cache/docs/html, without a broken link inside, and do what its pages show."""
    HOME.mkdir(parents=True, exist_ok=True)
    install(session, "tests/requirements-docs.txt", f"ansible-core=={OWN_CORE}.*")
    build_site(session)
    run(session, "pytest", "tests/docs", "--numprocesses", "3", "--dist", "worksteal", *session.posargs)
