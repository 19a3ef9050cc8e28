# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every check of this collection.

`make` sets up what this needs; `make test` runs the sessions tagged `test`, in the order of this file: what takes long
comes first, so that no core is idle at the end. `make test-all` also runs those tagged `all`, which need programs that
not every machine has.

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
from utils.axe import fetch_axe
from utils.costs import junit_option, measured
from utils.machine import link_interpreters, pip_settings, uv_settings
from utils.site import build_site

nox.needs_version = ">=2026.10"
nox.options.allow_parallel = True
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
    "2.22": ("3.13", "3.14"),
}
# Not out yet: a version that names a candidate lets pip and uv take one.
CANDIDATES = {"2.22": ">=2.22.0rc1,<2.23"}
OLDEST, NEWEST = min(CORES), max(CORES)
RELEASED = max(CORES.keys() - CANDIDATES.keys())
# Those of the checker for certified collections (3.0.0, July 2026), and the ones around them.
SANITY_CORES = ("2.16", "2.18", "2.20", "2.21", "2.22")
# What reaches into Ansible's own code beyond the smoke tests.
NEWEST_TESTS = ("role", "inventory", "fleet", "kill", "rows_of_hosts", "secrets", "secrets_of_fleets", "vaulted")
OWN_CORE = ".".join(version("ansible-core").split(".")[:2])
# Where what users get is. The rest are tests: what one core's linters say of them is enough.
PUBLISHED = ("changelogs", "docs", "meta", "playbooks", "plugins", "roles")
# Where the commands of the environment that runs nox are; sessions without an environment of their own use these.
BIN = Path(sys.executable).parent
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
    args = [arg for item in requirements for arg in (["-r", item] if item.endswith(".txt") else [item])]
    session.install(*args, env=uv_settings(BIN))


def core_requirement(core: str) -> str:
    """Return what pip is to install of a core."""
    return f"ansible-core{CANDIDATES.get(core, f'=={core}.*')}"


def run(session: nox.Session, command: str, *args: str, **more_env: str) -> None:
    """Run a command of the environment that runs nox, with this checkout as pgflex.azure."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    env = {"ANSIBLE_COLLECTIONS_PATH": str(TREE), "ANSIBLE_HOME": str(CACHE / "ansible"), "PATH": path, **more_env}
    session.run(BIN / command, *args, env=env, external=True)


def skip_without(session: nox.Session, *programs: str) -> None:
    """Skip a session where programs are missing that no package of Python brings."""
    if missing := [program for program in programs if not shutil.which(program)]:
        session.skip(f"no {' and no '.join(missing)} on PATH")


@nox.session(venv_backend="none", tags=["test"])
@measured
def e2e(session: nox.Session) -> None:
    """Run modules, role and playbooks against the emulator."""
    spread = ("--numprocesses", "3", "--dist", "worksteal")
    run(session, "pytest", "tests/e2e", *spread, junit_option(session), *session.posargs)


@nox.session(tags=["test"])
@measured
def awx(session: nox.Session) -> None:
    """Run jobs as AWX runs them, and check the setup in AWX and what execution environments are built from."""
    install(session, f"ansible-core=={OWN_CORE}.*", *TEST_REQUIREMENTS, "tests/requirements-awx.txt")
    # One process: each would have a controller set up for itself.
    session.run("pytest", "tests/awx", "-m", "not image", junit_option(session), *session.posargs)


@nox.session(venv_backend="none", tags=["all"], requires=["awx"])
@measured
def image(session: nox.Session) -> None:
    """Build, run and push an execution environment, from the environment of the session awx."""
    skip_without(session, "podman")
    pytest = ROOT / ".nox" / "awx" / "bin" / "pytest"
    session.run(pytest, "tests/awx", "-m", "image", junit_option(session), *session.posargs, external=True)


@nox.session()
@nox.parametrize(
    ("python", "core"),
    [
        nox.param(usual_python(core), core, id=core, tags=["test"] if core in (OLDEST, RELEASED) else [])
        for core in sorted({*SANITY_CORES, OWN_CORE}, key=list(CORES).index)
    ],
)
@measured
def sanity(session: nox.Session, core: str) -> None:
    """Run all of ansible-test sanity, with no ignore file; the newest cores look at the tests too."""
    install(session, core_requirement(core))
    base = CACHE / "ansible-test" / core
    checkout = base / "ansible_collections" / "pgflex" / "azure"
    copy_checkout(checkout)
    make_home(base / "home", pip_settings(BIN / "pip"), BIN / "uv", uv_settings(BIN))
    session.chdir(checkout)
    folders = [] if core in (RELEASED, NEWEST) else [f"{name}/" for name in PUBLISHED]
    env = {"HOME": str(base / "home")}
    session.run("ansible-test", "sanity", "--venv", "--color", "no", *folders, *session.posargs, env=env)


@nox.session()
@nox.parametrize(
    ("python", "core"),
    [
        nox.param(
            python,
            core,
            id=f"{core}-python{python}",
            tags=["test"] if core in (OLDEST, RELEASED) and python == usual_python(core) else [],
        )
        for core, pythons in CORES.items()
        for python in pythons
    ],
)
@measured
def cores(session: nox.Session, core: str) -> None:
    """Run smoke tests with one ansible-core on one Python. `make test` takes the oldest core and the newest release."""
    install(session, core_requirement(core), *TEST_REQUIREMENTS)
    session.run("pytest", "tests/e2e", "-m", "smoke", junit_option(session), *session.posargs)


@nox.session(python=usual_python(NEWEST))
@measured
def newest(session: nox.Session) -> None:
    """Run with the newest ansible-core what reaches into its own code."""
    install(session, core_requirement(NEWEST), *TEST_REQUIREMENTS)
    tests = [f"tests/e2e/test_{name}.py" for name in NEWEST_TESTS]
    session.run("pytest", junit_option(session), *(session.posargs or tests))


@nox.session()
@nox.parametrize(
    "azure",
    [
        nox.param("oldest", id="oldest", tags=["test"]),
        nox.param("2.0", id="2.0", tags=["test"]),
        nox.param("newest", id="newest"),
    ],
)
@measured
def sdk(session: nox.Session, azure: str) -> None:
    """Send the module's requests with another Azure SDK. `make test` leaves out the newest, which e2e runs with."""
    versions = {
        "oldest": [
            line.replace(">=", "==")
            for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
            if line.startswith("azure-")
        ],
        "2.0": ["azure-mgmt-postgresqlflexibleservers==2.0.*"],
        "newest": ["--upgrade"],
    }[azure]
    install(session, f"ansible-core=={OWN_CORE}.*", *TEST_REQUIREMENTS, *versions)
    # With 2.0 azure-identity is the newest, as in e2e.
    chosen = "sdk" if azure == "2.0" else "sdk or identity"
    session.run("pytest", "tests/e2e", "-m", chosen, junit_option(session), *session.posargs)


@nox.session(venv_backend="none", tags=["test"])
@measured
def lint(session: nox.Session) -> None:
    """Check format, types, imports, YAML, playbooks, documentation, changelog and licences; go on after a finding."""
    HOME.mkdir(parents=True, exist_ok=True)
    # reuse asks once what git ignores, and takes what another session caches after that for a file without a licence.
    copy_checkout(CACHE / "reuse")
    workflows = sorted(str(each.relative_to(ROOT)) for each in (ROOT / ".github" / "workflows").iterdir())
    more_env = {"antsibull-docs": {"HOME": str(HOME)}, "lint-imports": {"PYTHONPATH": str(TREE)}}
    failed = set()
    for command, *args in (
        ("ruff", "format", "--check"),
        ("ruff", "check"),
        ("yamllint", "--strict", "."),
        ("mypy", "noxfile.py", "tests", str(TREE / "ansible_collections" / "pgflex" / "azure" / "plugins")),
        ("lint-imports", "--no-logo", "--cache-dir", str(CACHE / "import-linter")),
        ("ansible-lint", "--strict"),
        ("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck", "."),
        ("antsibull-changelog", "lint"),
        ("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows),
        ("check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml"),
        ("reuse", "--root", str(CACHE / "reuse"), "lint", "--lines"),
    ):
        try:
            run(session, command, *args, **more_env.get(command, {}))
        except nox.command.CommandFailed:
            failed.add(command)
    if failed:
        raise nox.command.CommandFailed(f"Not clean: {', '.join(sorted(failed))}")


@nox.session(tags=["test"])
@measured
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


@nox.session(venv_backend="none", tags=["test"])
@measured
def demo(session: nox.Session) -> None:
    """Run `make demo` to the end."""
    run(session, "python", "tests/demo", HOME=str(HOME))


@nox.session(venv_backend="none", tags=["test"])
@measured
def unit(session: nox.Session) -> None:
    """Run the unit tests."""
    run(session, "pytest", "tests/unit", junit_option(session), *session.posargs)


@nox.session(venv_backend="none", tags=["test"])
@measured
def chaos(session: nox.Session) -> None:
    """Try random changes, faults and input."""
    run(session, "pytest", junit_option(session), *(session.posargs or ["tests/chaos", "tests/fuzz"]))


@nox.session()
@measured
def mutations(session: nox.Session) -> None:
    """Let mutmut break the code that plans, applies and verifies; fail if the tests miss more than is known."""
    install(session, f"ansible-core=={OWN_CORE}.*", *TEST_REQUIREMENTS, "tests/requirements-mutations.txt")
    base = CACHE / "mutations"
    shutil.rmtree(base / "mutants", ignore_errors=True)
    copy_checkout(base / "ansible_collections" / "pgflex" / "azure")
    shutil.copy(ROOT / "tests" / "mutations" / "setup.cfg", base)
    session.chdir(base)
    session.run("mutmut", "run", "--max-children", str(os.cpu_count()), *session.posargs)
    session.run("python", str(ROOT / "tests" / "mutations" / "survivors.py"))


@nox.session()
def fuzz(session: nox.Session) -> None:
    """Feed texts made by atheris to everything that reads what people write; skip this where it has no wheel."""
    install(session, f"ansible-core=={OWN_CORE}.*", "requirements.txt", "tests/emulator/requirements.txt")
    try:
        install(session, "--only-binary=:all:", "atheris")
    except nox.command.CommandFailed:
        session.skip("atheris has no wheel for this Python: Hypothesis tries out the same in `make test`")
    path = os.pathsep.join([str(TREE), str(ROOT / "tests")])
    session.run("python", "-m", "fuzz", *session.posargs, env={"PYTHONPATH": path})


@nox.session(venv_backend="none", tags=["all"])
@measured
def browser(session: nox.Session) -> None:
    """Open the HTML report in a headless Chromium; axe-core, from npm, checks that everybody can use it."""
    skip_without(session, "chromium", "chromedriver")
    fetch_axe(session, CACHE / "axe")
    run(session, "pytest", "tests/browser", junit_option(session), *session.posargs)


@nox.session(tags=["test"])
@measured
def docs(session: nox.Session) -> None:
    """Build the site in .cache/docs/html, without a broken link inside, and do what its pages show."""
    HOME.mkdir(parents=True, exist_ok=True)
    install(session, "tests/requirements-docs.txt", f"ansible-core=={OWN_CORE}.*")
    build_site(session, ROOT, CACHE, TREE)
    spread = ("--numprocesses", "2", "--dist", "worksteal")
    run(session, "pytest", "tests/docs", *spread, junit_option(session), *session.posargs)
