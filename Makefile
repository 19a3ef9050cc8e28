# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Needs GNU make and a Python of at least 3.11. PYTHON=python3.13 selects another interpreter.

PYTHON ?= python3
STEPS ?= 5000
SEED ?= 42
SECONDS ?= 60
# Only by the command line: not because of a variable of the shell is a server written to.
SERVER :=
RESOURCE_GROUP :=
IDENTITY :=
WRITE :=
RUN := .venv/.run
DEV := .venv/.dev
TREE := .cache/collections/ansible_collections/pgflex/azure
# Python compiles what it imports; most is never imported.
PIP := .venv/bin/pip install --quiet --disable-pip-version-check --no-compile
NOX := .venv/bin/nox
COSTS := .cache/costs
# Sessions of these tags, and at the end what they cost and which were skipped.
define sessions
@rm -rf $(COSTS) && mkdir -p $(COSTS)
@$(NOX) --parallel 3 --report $(COSTS)/report.json --tags $(1); status=$$?; \
	.venv/bin/python tests/utils/costs.py && exit $$status
endef

# The checkout as pgflex.azure, for what is started outside of the tests.
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.cache/collections

.DEFAULT_GOAL := help
.PHONY: help demo emulator live live-restore test test-all mutations lint unit e2e chaos fuzz awx image browser sdk \
	cores newest sanity docs bench variables pictures build clean FORCE

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUN) $(TREE) ## Assign, list and remove identities on the emulator; no account needed
	@.venv/bin/python tests/demo

emulator: $(RUN) $(TREE) ## Keep the emulator of the demo running, to try your own playbooks
	@.venv/bin/python tests/demo --keep

live: $(RUN) $(TREE) ## SERVER= RESOURCE_GROUP= [IDENTITY= WRITE=1]: ask a real server what is not known, and record its answers
	@.venv/bin/python tests/live --server "$(SERVER)" --resource-group "$(RESOURCE_GROUP)" --identity "$(IDENTITY)" \
		$(if $(filter 1,$(WRITE)),--write)

live-restore: $(RUN) $(TREE) ## Remove the identity that a killed `make live WRITE=1` has left
	@.venv/bin/python tests/live --restore

test: $(DEV) $(TREE) ## All that takes no more than Python, make and git; of the matrix the oldest and the newest
	$(call sessions,test)

test-all: $(DEV) $(TREE) ## That, an execution environment with podman, and the report in a headless Chromium
	$(call sessions,test all)

mutations: $(DEV) ## Break the code that plans, applies and verifies in a thousand places; which does no test notice?
	@$(NOX) --session mutations

lint: $(DEV) $(TREE) ## Formatting, types, documentation, licences, Galaxy's own checks
	@$(NOX) --session lint galaxy

unit: $(DEV) ## Unit tests
	@$(NOX) --session unit

e2e: $(DEV) ## Playbooks and modules against the emulator
	@$(NOX) --session e2e

chaos: $(DEV) ## STEPS=5000 SEED=42: random changes, faults and others' writes; nothing may be lost
	@CHAOS_STEPS=$(STEPS) $(NOX) --session chaos -- tests/chaos --hypothesis-seed=$(SEED)

fuzz: $(DEV) ## SECONDS=60: texts by a fuzzer for everything that reads what people write
	@$(NOX) --session fuzz -- $(SECONDS)

awx: $(DEV) ## Jobs as AWX runs them, and what is set up in AWX
	@$(NOX) --session awx

image: $(DEV) ## Build an execution environment with podman, run a job in it, and push it
	@$(NOX) --session image

browser: $(DEV) ## The HTML report in a headless Chromium, where chromium and chromedriver are installed
	@$(NOX) --session browser

sdk: $(DEV) ## Every request of the module with the oldest, an older and the newest Azure SDK
	@$(NOX) --session sdk

cores: $(DEV) ## Smoke tests with every ansible-core on every Python it runs on
	@$(NOX) --session cores

newest: $(DEV) ## Role, inventory, fleet, kill and secrets with the newest ansible-core
	@$(NOX) --session newest

sanity: $(DEV) ## ansible-test sanity with the certification's and the newest ansible-cores
	@$(NOX) --session sanity

docs: $(DEV) $(TREE) ## Build the site in .cache/docs/html, check its links, and do what its pages show
	@$(NOX) --session docs

variables: $(DEV) $(TREE) ## Make the tables of the page of all variables anew, from the code
	@PYTHONPATH=tests .venv/bin/python tests/docs/quick_reference.py

pictures: $(DEV) $(TREE) ## Make the README's pictures anew, of a run against the emulator, with a headless Chromium
	@PYTHONPATH=tests .venv/bin/python tests/docs/pictures.py

bench: $(DEV) $(TREE) ## AGAINST=REV PAGE=FILE: measure requests, CPU and time, beside another revision, for the page
	@.venv/bin/python tests/benchmark $(if $(AGAINST),--against $(AGAINST)) $(if $(PAGE),--page $(PAGE))

build: $(RUN) ## Build the archive for Galaxy
	@.venv/bin/ansible-galaxy collection build --force

clean: ## Remove all that this file makes
	rm -rf .venv .nox .cache .ansible .hypothesis pgflex-azure-*.tar.gz

$(RUN): .venv/.python requirements.txt tests/emulator/requirements.txt
	@echo "Installing ansible-core, the Azure SDK and the emulator's libraries in .venv"
	@$(PIP) ansible-core -r requirements.txt -r tests/emulator/requirements.txt
	@touch $@

$(DEV): $(RUN) tests/requirements.txt tests/requirements-pytest.txt
	@echo "Installing the contributor's tools in .venv"
	@$(PIP) "$$(grep '^uv==' tests/requirements.txt)"
	@.venv/bin/python tests/utils/install.py -r tests/requirements.txt
	@touch $@

# Rewritten, and with it the environment, only when the interpreter is another one than before.
.venv/.python: FORCE
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is missing or older than 3.11: name a newer one, as in: make PYTHON=python3.13" >&2; exit 1; }
	@version=$$($(PYTHON) -c 'import sys; print(sys.version)'); test "$$version" = "$$(cat $@ 2>/dev/null)" || { \
		rm -rf .venv && $(PYTHON) -m venv .venv && echo "$$version" > $@; }

$(TREE):
	@mkdir -p $(@D) && ln -sfn ../../../.. $@
