# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m fuzz SECONDS`: the readers of `targets`, with texts that atheris makes from what they do with them."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

try:
    import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]
except ImportError:
    print(
        f"SKIPPED: atheris has no wheel for Python {sys.version_info.major}.{sys.version_info.minor} here; "
        "texts made by Hypothesis are tried by make test.",
        file=sys.stderr,
    )
    sys.exit(0)

with atheris.instrument_imports(include=["ansible_collections"]):
    from fuzz.targets import SEEDS, try_out


def _try(data: bytes) -> None:
    try_out(data.decode("utf-8", "replace"))


def main() -> None:
    """Run the fuzzer, and end the process: with 0 if nothing was found."""
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(SEEDS):
            (Path(folder) / str(number)).write_text(seed, encoding="utf-8")
        atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-print_final_stats=1", folder], _try)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
