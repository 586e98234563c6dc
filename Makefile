# `make demo` and `make test` prepare everything they need in .venv, with Python 3.11 or newer and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNS := runs
AT_EVERY_VERSION := tests/test_reference.py tests/test_exact.py tests/test_light_base.py tests/cli/test_main.py \
  tests/cli/test_commands.py tests/common/test_sql.py tests/importing/test_onnx.py tests/importing/test_torch.py \
  tests/report/test_tables.py tests/sweeps/test_store.py tests/sweeps/test_run.py tests/training/test_training.py

.PHONY: demo digits notebooks docs links test nightly lint lowest newest benchmark benchmark-sweeps benchmark-transformers \
  benchmark-patching clean

demo: $(VENV)/.with-core
	@mkdir -p $(RUNS)
	@echo '$$ everyhow audit XOR --network examples/xor-2-3-3-1.json --report $(RUNS)/demo.html'
	@$(BIN)/everyhow audit XOR --network examples/xor-2-3-3-1.json --report $(RUNS)/demo.html
	@echo
	@echo 'The page shows every explanation. Open it in a browser: $(RUNS)/demo.html'
	@echo '(Linux: xdg-open $(RUNS)/demo.html, macOS: open $(RUNS)/demo.html)'

digits: $(VENV)/.with-test
	$(BIN)/python examples/digits/explain.py

notebooks: $(VENV)/.with-test
	$(BIN)/python examples/textbook/execute.py

docs: $(VENV)/.with-docs
	$(BIN)/python -m sphinx -q -W --keep-going -j auto -b html docs docs/_build/html
	@echo 'The site: docs/_build/html/index.html'

# Needs a network.
links: $(VENV)/.with-docs
	$(BIN)/python -m sphinx -q -b linkcheck docs docs/_build/links

test: $(VENV)/.with-test
	@command -v chromium >/dev/null || echo "Chromium is missing, so the tests of pages are skipped; on Debian: apt-get install chromium"
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# What takes long, and the imports of transformers against the libraries themselves, which take minutes to install. TransformerLens 3 and 4
# are two libraries of one name: the older one lies in a folder of its own.
nightly: $(VENV)/.with-libraries
	$(BIN)/python -m pytest -n 2 --dist loadfile -m nightly
	$(BIN)/python -m pytest tests/importing/test_transformer_libraries.py
	PYTHONPATH=$(VENV)/lens3 $(BIN)/python -m pytest tests/importing/test_transformer_libraries.py -k hooked

lint: $(VENV)/.with-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/zizmor --quiet --offline .github

# What users notice first, with the lowest versions that pyproject.toml allows, and with the newest there are. Their warnings
# of what will change in other versions are no errors there.
lowest: CONSTRAINTS := constraints-lowest.txt
newest: CONSTRAINTS := constraints-newest.txt
lowest newest:
	$(PYTHON) -m venv --clear .venv-$@
	.venv-$@/bin/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable '.[train,plot,sweeps,pandas,onnx]' \
	  pytest pytest-xdist hypothesis beartype jaxtyping scikit-learn
	.venv-$@/bin/python -m pytest -n 2 --dist loadfile -W default $(AT_EVERY_VERSION)

benchmark: $(VENV)/.with-test
	$(BIN)/python benchmarks/run.py

benchmark-sweeps: $(VENV)/.with-test
	$(BIN)/python benchmarks/sweeps.py

benchmark-transformers: $(VENV)/.with-test
	$(BIN)/python benchmarks/transformers.py

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "everyhow needs Python 3.11 or newer, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.with-core: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.with-test: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[train,plot,test]'
	touch $@

$(VENV)/.with-libraries: $(VENV)/.with-test
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[train,test,transformers,tracr]' transformer-lens
	$(BIN)/python -m pip install --quiet --no-deps --target $(VENV)/lens3 'transformer-lens<4' better_abc fancy_einsum
	touch $@

$(VENV)/.with-docs: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	touch $@

$(VENV)/.with-dev: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[train,plot,test,dev]'
	touch $@

# Without the folder of the script on the path, in which a file is called transformers.
benchmark-patching: $(VENV)/.with-libraries
	$(BIN)/python -P benchmarks/patching.py

clean:
	rm -rf $(VENV) .venv-lowest .venv-newest runs docs/_build docs/examples
