#!/usr/bin/env bash
# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# ansible-core 2.19.14: the module `set_stats` adds up what several hosts say, and True is 1: three hosts that each say
# true are told as 3, a number. Texts are joined. A value of another type than the first one's is dropped, and nothing
# says so. That is the default, `aggregate: true`.
#
# Seen:
#   {"done": 3, "mixed": "first", "name": "abc"}
#
# A workflow of AWX that takes such an artifact as a condition gets a number, and other ones with other numbers of hosts.
# The playbooks of this collection hand on their artifacts from one host.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ansible-core==2.19.14
cd "$folder"
cat > site.yml << 'YAML'
- hosts: all
  gather_facts: false
  connection: local
  tasks:
    - ansible.builtin.set_stats:
        data:
          done: true
          name: "{{ inventory_hostname }}"
          mixed: "{{ 'first' if inventory_hostname == 'a' else 7 }}"
YAML
export HOME=$folder ANSIBLE_SHOW_CUSTOM_STATS=true ANSIBLE_STDOUT_CALLBACK=default
"$folder/venv/bin/ansible-playbook" -i a,b,c, -e "ansible_python_interpreter=$folder/venv/bin/python" site.yml \
  | sed -n 's|^.RUN: *{ *|{|p' | tee seen
echo '{"done": 3, "mixed": "first", "name": "abc"}' | diff seen -
