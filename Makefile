# Every target makes the environment it needs: nothing but Python 3.11 or newer, make and git must be there.
# All state stays in this checkout: .venv (the environment) and .cache (what tools keep between runs).

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
BIN := $(CURDIR)/$(VENV)/bin
EDA_PYTHON ?= python3.12
PORT ?= 5599
LAB_PORT ?= 8888

export PATH := $(BIN):$(PATH)
# Containers often set it. Each of the many processes here would then compile all that it imports: twice the time.
unexport PYTHONDONTWRITEBYTECODE
export PIP_CACHE_DIR ?= $(CURDIR)/.cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_CACHE_DIR ?= $(CURDIR)/.cache/uv
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
export IPYTHONDIR := $(CURDIR)/.cache/ipython
export JUPYTER_CONFIG_DIR := $(CURDIR)/.cache/jupyter/config
LAB_SETTINGS := $(JUPYTER_CONFIG_DIR)/lab/user-settings/@jupyterlab/notebook-extension
export JUPYTER_DATA_DIR := $(CURDIR)/.cache/jupyter/data
export JUPYTER_RUNTIME_DIR := $(CURDIR)/.cache/jupyter/runtime

.PHONY: help drill test nightly bench molecule lint lint-sanity lint-releases lint-content lint-types lint-style gates matrix docs format floors lock release installation sandbox lab clean
.DEFAULT_GOAL := help

help: ## show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

# A drill needs no tools for tests and style: without the whole environment it makes one of its own, with half the size.
DRILL_READY := $(if $(wildcard $(READY)),$(READY),.venv-drill/.ready)
drill: $(DRILL_READY) ## rehearse recoveries in a simulated organization, and report (SCENARIO="bucket-locked mfa-lost", DRILL_OPTIONS=--all)
	@PATH="$(CURDIR)/$(dir $(DRILL_READY))bin:$$PATH" python -m breakglass_aws.drills $(SCENARIO) $(DRILL_OPTIONS)

test: $(READY) ## run all tests
	@python -m pytest

nightly: $(READY) .venv-eda/.ready ## what takes long: 10,000 policies for each property, every refusal, every fault at every call, every kill, every sabotage of a drill
	@BREAKGLASS_EXAMPLES=10000 BREAKGLASS_EVERY_REFUSAL=1 BREAKGLASS_EVERY_FAULT=1 BREAKGLASS_EVERY_KILL=1 \
		BREAKGLASS_EVERY_VERDICT=1 python -m pytest \
		tests/unit/plugins/module_utils/_policies tests/modules/test_lockout_agreement.py tests/modules/test_every_refusal.py \
		tests/modules/test_faults_at_every_call.py tests/modules/test_sweep_killed_at_random.py tests/modules/test_waves_killed.py \
		tests/modules/test_access_roles_killed.py tests/modules/test_recovery_readiness_runs.py tests/runbooks/test_killed_runs.py tests/runbooks/test_cancelled_jobs.py
	@PYTHONPATH=tests python -m drills.sabotage
	@python -m breakglass_aws.drills --all --jobs 2 --reports .cache/drills
	@PYTHONPATH=tests python -m drills.agreement .cache/drills
	@python -m pytest -n 0 tests/eda tests/browser

bench: $(READY) ## measure side by side with earlier code and peers, against the targets (QUICK=1, ONLY="latency tls", RECORD=1)
	@PYTHONPATH=tests python -m benchmarks $(ONLY) $(if $(QUICK),--quick) $(if $(RECORD),--record) $(BENCH_OPTIONS)

molecule: $(READY) ## run the molecule scenarios, against the sandbox
	@molecule test --all

lint: $(READY) ## check style, metadata, documentation and changelog
	@$(MAKE) --no-print-directory --jobs=2 --keep-going $(if $(filter output-sync,$(.FEATURES)),--output-sync) \
		lint-sanity lint-releases lint-content lint-types lint-style

lint-sanity: $(READY)
	@tests/sanity/run

lint-releases: $(READY)
	@python tests/gates/releases.py

lint-content: $(READY)
	@ansible-lint --offline

lint-types: $(READY)
	@tests/types

lint-style: $(READY)
	@ruff check .
	@ruff format --check .
	@codespell
	@lint-imports
	@antsibull-changelog lint

gates: .venv-gates/.ready ## check the built collection as Galaxy does, its documentation, and known vulnerabilities
	@tests/gates/run

docs: $(READY) .venv-gates/.ready ## build the documentation site in build/docs/site, without a network
	@python docs/site/build.py

matrix: $(READY) ## tests and sanity with each Python, ansible-core, boto3 and amazon.aws (ONLY=names, QUICK=1); half an hour
	@QUICK='$(QUICK)' python tests/gates/matrix.py $(ONLY)

format: $(READY) ## bring the code into the project's format
	@ruff check --fix .
	@ruff format .

release: export PATH := $(CURDIR)/.venv-release/bin:$(PATH)
release: .venv-release/.ready ## version and changelog, committed and tagged; then wheel, sdist, collection, SBOM in dist/ (VERSION=...)
	@test -z "$$(git status --porcelain)" || { echo "Commit first: a release is built from what git knows." >&2; exit 1; }
	@test -z '$(VERSION)' || release/version '$(VERSION)'
	@antsibull-changelog lint
	@antsibull-changelog release
	@git commit --quiet --all --message "Release $$(release/version)"
	@git tag --annotate --message "Release $$(release/version)" "$$(release/version)"
	@release/build
	@echo "Look at the commit and the tag, then: git push --follow-tags, and upload dist/$$(release/version)."

installation: $(READY) ## install the wheel and the collection in empty environments, and recover a bucket with each
	@python -m pytest -n 2 --dist=loadscope tests/installation

sandbox: $(READY) ## serve the simulated organization on 127.0.0.1, port 5599 (PORT=... for another)
	@python -m breakglass_aws.sandbox serve --port $(PORT)

lab: $(READY) ## open the runbooks in JupyterLab on port 8888 (LAB_PORT=... for another)
	@python -c 'import jupyterlab' 2>/dev/null || pip install --quiet --no-build-isolation --editable '.[lab]'
	@mkdir -p '$(LAB_SETTINGS)' # long lines of a cell, as parameters with values become, are wrapped
	@test -e '$(LAB_SETTINGS)/tracker.jupyterlab-settings' || \
		echo '{"codeCellConfig": {"lineWrap": true}}' > '$(LAB_SETTINGS)/tracker.jupyterlab-settings'
	@jupyter lab --port $(LAB_PORT) $$(test "$$(id -u)" = 0 && echo --allow-root) runbooks

floors: ## run a part of the tests with the lowest versions that pyproject.toml allows
	@test -e .venv-floors/.ready || tests/environment $(PYTHON) .venv-floors requirements/floors.txt
	@.venv-floors/bin/python -m pytest tests/unit tests/modules/test_root_credentials.py \
		tests/modules/test_s3_bucket_policy_unlock.py tests/runbooks/test_unlock_runbook.py --ignore tests/unit/test_architecture.py

lock: $(READY) ## pin the development environment and the lowest versions anew, with hashes
	@printf 'uv\nhatchling\ndistlib\nPyYAML\n' | uv pip compile - --universal --python-version 3.11 --generate-hashes \
		--upgrade --quiet --no-annotate --custom-compile-command 'make lock' --output-file requirements/install.txt
	@uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --upgrade --quiet \
		--custom-compile-command 'make lock' --output-file requirements/dev.txt
	@uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --quiet --no-annotate \
		--constraint requirements/dev.txt --custom-compile-command 'make lock' --output-file requirements/drills.txt
	@printf 'antsibull-docs\ndistlib\nfuro\ngalaxy-importer\nmyst-parser\npip-audit\nsphinx-copybutton\n' | uv pip compile - --universal --python-version 3.11 --generate-hashes \
		--upgrade --quiet --no-annotate --custom-compile-command 'make lock' --output-file requirements/gates.txt
	@printf 'aiobotocore\nansible>=13\nansible-core<2.22\nansible-rulebook\n' | uv pip compile - pyproject.toml --universal --python-version 3.12 \
		--generate-hashes --upgrade --quiet --no-annotate --custom-compile-command 'make lock' --output-file requirements/eda.txt
	@printf 'ansible-core\nantsibull-changelog\ncyclonedx-bom\n' | uv pip compile - --universal --python-version 3.11 --generate-hashes \
		--upgrade --quiet --no-annotate --custom-compile-command 'make lock' --output-file requirements/release.txt
	@for release in 2.20 2.21; do echo "ansible-core==$$release.*" | uv pip compile - --universal --python-version 3.12 --generate-hashes \
		--upgrade --quiet --no-annotate --custom-compile-command 'make lock' --output-file requirements/core-$$release.txt || exit; done
	@uv pip compile pyproject.toml --extra test --resolution lowest-direct --python-version 3.11 \
		--generate-hashes --upgrade --quiet --custom-compile-command 'make lock' --output-file requirements/floors.txt

clean: ## remove the environment and everything tools keep here
	rm -rf $(VENV) .venv-drill .venv-eda .venv-floors .venv-gates .venv-release .cache .pytest_cache .ruff_cache .hypothesis *.egg-info

$(READY): pyproject.toml requirements/dev.txt tests/environment
	@tests/environment $(PYTHON) $(VENV)

.venv-drill/.ready: pyproject.toml requirements/drills.txt tests/environment
	@tests/environment $(PYTHON) .venv-drill requirements/drills.txt

.venv-release/.ready: requirements/release.txt tests/environment
	@tests/environment $(PYTHON) .venv-release requirements/release.txt

# ansible-rulebook, and amazon.aws with its event sources: the releases of ansible that have them need Python 3.12.
.venv-eda/.ready: pyproject.toml requirements/eda.txt tests/environment
	@tests/environment $(EDA_PYTHON) .venv-eda requirements/eda.txt

.venv-gates/.ready: requirements/gates.txt tests/environment
	@tests/environment $(PYTHON) .venv-gates requirements/gates.txt
