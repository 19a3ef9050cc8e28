# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job as AWX 24.6.1 runs it: ansible-runner transmit, worker, process, with what its injector makes of credentials.

Source: awx/main/tasks/jobs.py. The worker's folder stands for /runner of a container, this Python for its image.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import ansible_runner
import yaml
from awx_plugins.credentials.plugins import azure_rm
from awx_plugins.interfaces._temporary_private_api import Credential, ManagedCredentialType
from awx_plugins.interfaces._temporary_private_inject_api import inject_credential

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "playbooks/awx/project"
AZURE_RM = azure_rm
# The runner names a container after it: one that a killed run has left must not be in the way.
_JOB_ID = secrets.randbelow(10**9)
#: Of a result with more AWX keeps nothing.
MOST_CHARACTERS = 700_000


@dataclass(frozen=True)
class Attached:
    """A credential: its type, and what somebody has typed in."""

    kind: ManagedCredentialType
    inputs: Mapping[str, Any]


def custom_type(kind: Mapping[str, Any]) -> ManagedCredentialType:
    """Return a credential type of the controller."""
    return ManagedCredentialType(
        namespace="", name=kind["name"], kind=kind["kind"], inputs=kind["inputs"], injectors=kind["injectors"]
    )


@dataclass
class Launch:
    """The facts that AWX has of a job before it runs. `extra_vars` are the template's own, `answers` all others.

    `repository` is that of the project, if not the collection's own. With `required` the collection is what AWX has
    installed by the project's collections/requirements.yml, else what the image has.
    """

    playbook: str
    inventory: Mapping[str, Any]
    credentials: list[Attached] = field(default_factory=list)
    extra_vars: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    check: bool = False
    diff: bool = False
    become: bool = False
    limit: str = ""
    verbosity: int = 0
    timeout: int = 0
    canceled: Callable[[], bool] | None = None
    repository: Path | None = None
    required: bool = False


@dataclass(frozen=True)
class Job:
    """A finished job: `status` as AWX shows it, and the events that it stores."""

    status: str
    events: list[dict[str, Any]]

    @cached_property
    def stdout(self) -> str:
        """The job's output."""
        return "\n".join(event["stdout"] for event in self.events if event.get("stdout"))

    @cached_property
    def _stats(self) -> dict[str, Any]:
        found = [event["event_data"] for event in self.events if event["event"] == "playbook_on_stats"]
        assert found, self.stdout
        stats: dict[str, Any] = found[0]
        return stats

    @property
    def artifacts(self) -> dict[str, Any]:
        """The custom statistics of set_stats, as later nodes of a workflow get them."""
        return dict(self._stats.get("artifact_data", {}))

    def hosts(self, status: str) -> list[str]:
        """Return the hosts that count as ok, changed, failures, ..., sorted."""
        return sorted(self._stats.get(status, {}))

    def results(self, task: str) -> dict[str, dict[str, Any]]:
        """Return the module's results in a task of this name, by host."""
        kinds = ("runner_on_ok", "runner_on_failed")
        return {
            event["event_data"]["host"]: event["event_data"]["res"]
            for event in self.events
            if event["event"] in kinds and event["event_data"]["task"] == task
        }


class _Unsafe(str):
    """A text that Ansible must not take for a template."""


class _Dumper(yaml.SafeDumper):
    """Writes those texts with their tag."""


_Dumper.add_representer(_Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text)))


def _unsafe(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unsafe(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_unsafe(each) for each in value]
    return _Unsafe(value) if isinstance(value, str) else value


def run_job(launch: Launch, folder: Path, env: Mapping[str, str], *container: str) -> Job:
    """Run it in `folder`, which must be new. `env` is what the image or the pod has in its environment.

    With `container`, the name of an image and options for podman, in a container, else in a process.
    """
    private, worker = folder / "private", folder / "worker"
    given: dict[str, Any] = {"playbook": launch.playbook, "suppress_env_files": True}
    if container:
        image, *options = container
        given |= {"process_isolation": True, "process_isolation_executable": "podman", "container_image": image}
        given["container_options"] = ["--pull=never", *options]
        given["envvars"] = {**prepare(launch, private, "/runner"), **env}
    else:
        given["envvars"] = prepare(launch, private, str(worker))
    wire, back = folder / "wire", folder / "back"
    common = {"ident": str(_JOB_ID), "quiet": True}
    with wire.open("wb") as out:
        ansible_runner.interface.run(streamer="transmit", _output=out, private_data_dir=str(private), **given, **common)
    # What the command ansible-runner worker does. Where it looks for the signal of a cancel, a test is asked.
    signal = patch("ansible_runner.interface.signal_handler", lambda: launch.canceled or (lambda: False))
    with wire.open("rb") as source, back.open("wb") as out, patch.dict(os.environ, env), signal:
        ansible_runner.interface.run(streamer="worker", _input=source, _output=out, private_data_dir=str(worker))
    events: list[dict[str, Any]] = []
    with back.open("rb") as source:
        place = {"private_data_dir": str(folder / "stored"), "event_handler": events.append}
        ended = ansible_runner.interface.run(streamer="process", _input=source, **place, **common)
    return Job(ended.status, events)


def prepare(launch: Launch, private: Path, runner: str) -> dict[str, str]:
    """Fill the private folder, and return the environment that AWX injects. `runner` is /runner where the job runs."""
    for name in ("env", "inventory", "project"):
        (private / name).mkdir(parents=True)
    place = private / "project" if launch.repository else private / "project" / PROJECT
    shutil.copytree(launch.repository or ROOT / PROJECT, place, dirs_exist_ok=True)
    script = private / "inventory" / "hosts"
    script.write_text(f"#!/usr/bin/env python3\nprint({json.dumps(launch.inventory)!r})\n", encoding="utf-8")
    script.chmod(0o700)
    env = dict(_ENVIRONMENT)
    arguments = ["-u", "root", *(["--become"] if launch.become else [])]
    arguments += [f"-l {launch.limit}"] if launch.limit else []
    arguments += ["--check"] if launch.check else []
    arguments += ["--diff"] if launch.diff else []
    arguments += [f"-{'v' * launch.verbosity}"] if launch.verbosity else []
    inject(launch.credentials, env, arguments, private)
    settings = {"job_timeout": launch.timeout, "pexpect_timeout": 1 if launch.timeout or launch.canceled else 5}
    (private / "env" / "settings").write_text(json.dumps(settings), encoding="utf-8")
    (private / "env" / "cmdline").write_text(" ".join(arguments).replace("/runner/", f"{runner}/"), encoding="utf-8")
    facts = {f"{prefix}_{name}": value for prefix in ("awx", "tower") for name, value in _FACTS.items()}
    content = yaml.dump({**launch.extra_vars, **_unsafe({**launch.answers, **facts})}, Dumper=_Dumper)
    (private / "env" / "extravars").write_text(content, encoding="utf-8")
    # In a container the collection is where the image has it.
    trees = ["/runner/requirements_collections", "/usr/share/ansible/collections"]
    if launch.required:
        _install(private / "requirements_collections" / "ansible_collections" / "pgflex" / "azure")
    elif runner != "/runner":
        trees[1] = os.environ["ANSIBLE_COLLECTIONS_PATH"]
    env["ANSIBLE_COLLECTIONS_PATH"] = os.pathsep.join(trees)
    return {name: value.replace("/runner/", f"{runner}/") for name, value in env.items()}


def _install(target: Path) -> None:
    target.mkdir(parents=True)
    for name in ("galaxy.yml", "meta", "playbooks", "plugins", "roles"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, target / name)


_ENVIRONMENT = {
    "ANSIBLE_FORCE_COLOR": "True",
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
    "ANSIBLE_RETRY_FILES_ENABLED": "False",
    "AWX_HOST": "https://awx.example",
    "AWX_PRIVATE_DATA_DIR": "/runner/",
    "INVENTORY_ID": "1",
    "JOB_ID": str(_JOB_ID),
    "MAX_EVENT_RES": str(MOST_CHARACTERS),
    "PROJECT_REVISION": "abc",
}
#: Some of the variables that AWX adds to each job, under two prefixes.
_FACTS = {"job_id": _JOB_ID, "job_launch_type": "manual", "inventory_name": "PostgreSQL servers", "user_name": "admin"}


def inject(credentials: list[Attached], env: dict[str, str], arguments: list[str], private: Path) -> None:
    """Let AWX's own code add to the environment, the command line and the files of a job."""
    for attached in credentials:
        inject_credential(attached.kind, Credential(inputs=dict(attached.inputs)), env, {}, arguments, str(private))


def injected(credentials: list[Attached], private: Path) -> dict[str, str]:
    """Return the environment that these credentials make, with their files in a new folder."""
    env: dict[str, str] = {}
    (private / "env").mkdir(parents=True)
    inject(credentials, env, [], private)
    return {name: value.replace("/runner/", f"{private}/") for name, value in env.items()}
