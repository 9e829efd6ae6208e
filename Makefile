# make run     serve on 127.0.0.1:5432, data in ./data
# make cluster six storage nodes in three zones, a writer, readers and endpoints, on 127.0.0.1:5432, data in ./cluster
# make test    every test; installs PostgreSQL 15 to compare with where apt-get may
# make bench   PostgreSQL 15 and aurorapy side by side, reports in bench/results/; BENCH="oltp --rounds 3" for a part
# make clean   removes what was built, not ./data or ./cluster

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install -q --disable-pip-version-check
NATIVE := $(wildcard ext/aurorapy_native/*.pyx ext/aurorapy_native/*.pxd ext/aurorapy_native/*.c ext/aurorapy_native/*.h)

BENCH ?= all --json --plot

.PHONY: run cluster build test bench clean test-servers sysbench

run: build
	$(BIN)/python -m aurorapy serve --data data --host 127.0.0.1 --port 5432

cluster: build
	$(BIN)/python -m aurorapy cluster start --data cluster --port 5432
	$(BIN)/python -m aurorapy cluster status --data cluster

build: $(VENV)/.built

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); apt-get install -q -y python3-venv && $(PYTHON) -m venv $(VENV); }
	$(PIP) "setuptools>=68" wheel "cython>=3.1"
	touch $@

# What pyproject.toml names, into the environment; the project itself by path, so that it is compiled only once, here.
$(VENV)/.needs: $(VENV)/.made pyproject.toml
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' > $@.txt
	$(PIP) -r $@.txt
	printf '%s\n' "$(CURDIR)" "$(CURDIR)/ext" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/aurorapy.pth"
	touch $@

$(VENV)/.built: $(VENV)/.needs setup.py $(NATIVE)
	$(BIN)/python setup.py -q build_ext --inplace
	touch $@

$(VENV)/.tested: $(VENV)/.built
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["test"], sep="\n")' > $@.txt
	$(PIP) -r $@.txt
	touch $@

$(VENV)/.benched: $(VENV)/.tested
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["bench"], sep="\n")' > $@.txt
	$(PIP) -r $@.txt
	touch $@

# psql, pgbench and a server to compare with, and etcd as a state store. Without them the tests that need them are
# skipped and say so.
APT_INSTALL = RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends
test-servers:
	@if [ -x /usr/lib/postgresql/15/bin/postgres ] && command -v psql >/dev/null && command -v pgbench >/dev/null \
		&& command -v etcd >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		mkdir -p /etc/postgresql-common; \
		[ -e /etc/postgresql-common/createcluster.conf ] \
			|| echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf; \
		apt-get update -q >/dev/null 2>&1; \
		{ $(APT_INSTALL) postgresql-15; } >/dev/null 2>&1 \
			|| echo "PostgreSQL 15 could not be installed: the tests that need it are skipped"; \
		{ $(APT_INSTALL) etcd-server; } >/dev/null 2>&1 \
			|| echo "etcd could not be installed: the tests that need it are skipped"; \
	else echo "PostgreSQL 15 or etcd is not installed: the tests that need it are skipped"; fi

test: $(VENV)/.tested test-servers
	$(BIN)/python -m pytest tests

sysbench:
	@command -v sysbench >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get install -q -y sysbench >/dev/null 2>&1; } \
		|| echo "sysbench could not be installed: its cases are skipped"

bench: $(VENV)/.benched test-servers sysbench
	$(BIN)/python -m bench $(BENCH)

clean:
	rm -rf build dist *.egg-info ext/*.egg-info $(VENV) .pytest_cache .hypothesis .import_linter_cache
	find aurorapy ext tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -f ext/aurorapy_native/*.so
