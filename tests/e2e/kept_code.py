# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compile once what Ansible compiles anew in each command: modules in archives, and all that is in collections.

Python keeps what it compiles in folders, Ansible does not what it imports from collections (ansible-core 2.16 to 2.21):
a sixth of the CPU time of a play here. Its list of plugins that have moved, read in each command, is another sixth.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import marshal
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType


def keep_archived_code() -> None:
    """Keep what is compiled from archives from now on, in this process and its forks."""
    zipimport: Any = importlib.import_module("zipimport")
    usual = zipimport._compile_source
    zipimport._compile_source = lambda name, source: _kept(source, name, lambda: usual(name, source))


def keep_collections_code() -> None:
    """Keep what is compiled of collections from now on, in this process and its forks."""
    finder: Any = importlib.import_module("ansible.utils.collection_loader._collection_finder")
    loader = finder._AnsibleCollectionPkgLoaderBase
    usual = loader.get_code

    def get_code(self: Any, fullname: str) -> CodeType | None:
        source = self.get_source(fullname)
        if not source:
            code: CodeType | None = usual(self, fullname)
            return code
        return _kept(source, self.get_filename(fullname), lambda: usual(self, fullname))

    loader.get_code = get_code


def keep_routing() -> None:
    """Read once what Ansible says of its own plugins, and of each collection: in all forks of this process."""
    finder: Any = importlib.import_module("ansible.utils.collection_loader._collection_finder")
    read = functools.lru_cache(finder._meta_yml_to_dict)
    finder._meta_yml_to_dict = read
    ansible: Any = importlib.import_module("ansible")
    read(
        Path(ansible.__file__).with_name("config").joinpath("ansible_builtin_runtime.yml").read_bytes(),
        ("ansible.builtin", "runtime.yml"),
    )


def _kept(source: bytes | str, name: str, make: Callable[[], CodeType]) -> CodeType:
    """Return the code that was kept for this source, under this file name; make and keep it where there is none."""
    folder = Path(os.environ["ANSIBLE_HOME"]) / "compiled"
    path = folder / hashlib.sha256(source if isinstance(source, bytes) else source.encode()).hexdigest()
    if path.exists():
        kept: CodeType = marshal.loads(path.read_bytes())  # noqa: S302
        importlib.import_module("_imp")._fix_co_filename(kept, name)
        return kept
    code = make()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        file.write(marshal.dumps(code))
    Path(file.name).rename(path)
    return code
