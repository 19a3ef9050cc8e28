# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator as a program: ready file, seed, and its end."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any


def test_it_writes_the_ready_file_and_ends_cleanly(tmp_path: Path, starter: Any) -> None:
    process, ready = starter(tmp_path)
    ready_file = tmp_path / "ready.json"
    assert json.loads(ready_file.read_text(encoding="utf-8")) == ready
    assert stat.S_IMODE(ready_file.stat().st_mode) == 0o600
    files = [Path(ready[name]) for name in ("ca_file", "client_certificate", "federated_token_file")]
    assert all(each.is_file() for each in files)
    process.terminate()
    _output, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    assert not files[0].parent.exists()


def test_a_seed_file_replaces_the_usual_seed(tmp_path: Path, starter: Any) -> None:
    seed_file = tmp_path / "seed.yml"
    seed_file.write_text("subscriptions: [{id: 00000000-0000-4000-8000-000000000009}]", encoding="utf-8")
    process, ready = starter(tmp_path, "--seed", str(seed_file))
    process.terminate()
    process.communicate(timeout=10)
    assert ready["subscription_ids"] == ["00000000-0000-4000-8000-000000000009"]


def test_a_bad_seed_file_ends_it_with_a_message(tmp_path: Path, emulator_folder: Path) -> None:
    seed_file = tmp_path / "seed.yml"
    seed_file.write_text("subscriptions: 3", encoding="utf-8")
    process = subprocess.run(
        [sys.executable, str(emulator_folder), "--seed", str(seed_file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 2
    assert process.stderr == "emulator: seed: $.subscriptions: 3 is not of type 'array'\n"
