# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the mutants that no test has noticed, as `mutmut results` lists them; fail for more than is known.

`mutmut show NAME` in .cache/mutations shows one. Most change a message, or what is the same for every caller.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

PREFIX = "ansible_collections.pgflex.azure.plugins.module_utils."
#: How many may survive, by module. Lower it when a test is added; raise it only for a mutant that changes nothing.
MOST: dict[str, int] = {}
#: All that is as good as noticed: a mutant that never ends does not go unseen.
NOTICED = ("killed", "timeout", "caught by type check")


def main() -> int:
    """Return 1 for too many survivors, or where mutmut has not come to its end."""
    survivors: Counter[str] = Counter()
    results = subprocess.run(["mutmut", "results"], capture_output=True, text=True, check=True).stdout
    for line in results.splitlines():
        name, found, state = line.strip().removeprefix(PREFIX).partition(": ")
        if found and state not in NOTICED:
            print(f"{name}: {state}")
            survivors[name.rpartition(".")[0]] += 1
    print(*(f"{module}: {number} of at most {MOST.get(module, 0)}" for module, number in survivors.items()), sep="\n")
    return int(any(number > MOST.get(module, 0) for module, number in survivors.items()))


if __name__ == "__main__":
    sys.exit(main())
