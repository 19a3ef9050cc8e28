#!/usr/bin/env bash
# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# ansible-core 2.19.14: `tasks_from: entry` checks a role's variables against the entry point of that name in its
# meta/argument_specs.yml; `tasks_from: entry.yml` runs the same file and checks nothing.
#
# Seen:
#   entry: refused
#   entry.yml: ran
#
# Write `tasks_from: plan` and not `plan.yml` for the role of this collection; it also checks its variables itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ansible-core==2.19.14
cd "$folder"
mkdir -p roles/some/tasks roles/some/meta
cat > roles/some/meta/argument_specs.yml << 'YAML'
argument_specs:
  entry:
    options:
      some_name:
        type: str
        required: true
YAML
echo '- ansible.builtin.debug: {msg: the role runs}' > roles/some/tasks/entry.yml
cat > site.yml << 'YAML'
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: some
        tasks_from: "{{ from }}"
YAML
export HOME=$folder
for from in entry entry.yml; do
  "$folder/venv/bin/ansible-playbook" -i localhost, -c local site.yml -e "from=$from" > output 2>&1 || true
  if grep -q 'the role runs' output; then echo "$from: ran"; else grep -q 'missing required arguments: some_name' output && echo "$from: refused"; fi
done | tee seen
printf 'entry: refused\nentry.yml: ran\n' | diff seen -
