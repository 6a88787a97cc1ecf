# Two commands do all: `make demo [VIDEO=my.mp4] [EMOTION=sad]` and `make test`. `make quick` runs the quick tests alone,
# `make docs` builds the documents' site.
# All make .venv where it is missing, and install again only when pyproject.toml or constraints.txt changed: `demo` what
# ned runs with, `test` torch and the tools of the tests as well.

# The portrait of the sample clip smiles already: a second emotion shows what an edit does.
EMOTION ?= happy sad
VIDEO ?=
OUT ?= demo
# FACE_MODEL=flame: with a synthetic model, built like FLAME, which holds nothing of it.
FACE_MODEL ?= canonical
MODEL := $(if $(filter flame,$(FACE_MODEL)),--face-model flame --flame-folder "$(OUT)/flame")
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TOOLS := $(VENV)/.tools
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Of modules only those are compiled that `ned doctor` imports, which says whether all is there: most never are used.
INSTALL := $(PIP) install --quiet --no-compile -c constraints.txt
NEEDS := $(BIN)/python scripts/build/requirements.py
SAMPLE := $(OUT)/sample.mp4

.DELETE_ON_ERROR:
.PHONY: demo test quick docs install clean

install: $(STAMP)

demo: $(STAMP)
	@mkdir -p "$(OUT)"
	@test "$(FACE_MODEL)" != flame || test -s "$(OUT)/flame/flame2023_Open.pkl" || \
	  $(BIN)/python scripts/build/synthetic_flame.py "$(OUT)/flame" --edition 2023open
ifeq ($(strip $(VIDEO)),)
	@test -s "$(SAMPLE)" || $(BIN)/ned sample "$(SAMPLE)" --overwrite
	@for emotion in $(EMOTION); do $(BIN)/ned process "$(SAMPLE)" --emotion "$$emotion" $(MODEL) \
	  --output "$(OUT)/sample_$$emotion.mp4" --compare --report --overwrite || exit; done
else
	@name="$${VIDEO##*/}"; kind="$$(printf %s "$${name##*.}" | tr A-Z a-z)"; \
	case "$$kind" in mp4|mov|mkv) ;; m4v) kind=mp4 ;; *) kind=mkv ;; esac; \
	for emotion in $(EMOTION); do $(BIN)/ned process "$$VIDEO" --emotion "$$emotion" $(MODEL) --compare --report --overwrite \
	  --output "$(OUT)/$${name%.*}_$$emotion.$$kind" || exit; done
endif

# Handed over by the environment, so that spaces and quotes in the name survive.
export VIDEO

# Shapes are checked at run time here alone: to prepare that takes longer than most tests. The page is tested in a browser: the system's Chromium, else one that is installed now where that is allowed.
test: $(TOOLS)
	@$(BIN)/python -m tests.ui.browsers
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --jaxtyping-packages=ned,beartype.beartype

# The inner loop; small matrices gain nothing from threads that wait for more.
quick: $(TOOLS)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow"

# The tests build it, too; a warning is an error.
docs: $(TOOLS)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "site/index.html"

$(STAMP): pyproject.toml constraints.txt
	@if ! $(BIN)/python -c 'import sys, pip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then \
	  for python in python3.11 python3.12 python3 python "$$HOME"/.pyenv/versions/3.1[12].*/bin/python; do \
	    if "$$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' \
	        2>/dev/null; then found="$$python"; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "ned: error: no Python 3.11 or 3.12 with venv was found; install one (Debian: python3.11 python3.11-venv)" >&2; \
	    exit 2; \
	  fi; \
	  echo "making $(VENV) with $$("$$found" --version)"; \
	  "$$found" -m venv --clear $(VENV) || exit 1; \
	fi
	@$(NEEDS) > $(VENV)/needs.txt
	$(INSTALL) -r $(VENV)/needs.txt
	$(INSTALL) --no-deps mediapipe -e .
	@PYTHONDONTWRITEBYTECODE= $(BIN)/ned doctor > $(VENV)/doctor.txt || { cat $(VENV)/doctor.txt; exit 1; }
	@touch $@

$(TOOLS): $(STAMP)
	@$(NEEDS) test > $(VENV)/needs.txt
	$(INSTALL) -r $(VENV)/needs.txt
	@touch $@

clean:
	rm -rf $(VENV) build site .pytest_cache .ruff_cache .mypy_cache
