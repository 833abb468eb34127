# Everything a person runs. `make` alone lists it.

FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
FOUND = $(shell for name in python3 python3.13 python3.12 python3.11; do $$name -c '$(FITS)' 2>/dev/null && echo $$name && break; done)
PYTHON ?= $(or $(FOUND),python3)
BIN := .venv/bin

# Known: requirements.txt holds MkDocs below 2.
export NO_MKDOCS_2_WARNING := 1

# An environment whose Python has gone is made anew.
$(shell $(BIN)/python -c '' 2>/dev/null || rm -f .venv/ready)

.PHONY: help serve test site print check bench clean

help: ## list what there is
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

serve: .venv/ready ## set up, execute the examples, build and serve the site (another port: make serve PORT=8001)
	@$(BIN)/python -m mkdocs serve $(if $(PORT),-a 127.0.0.1:$(PORT))

test: .venv/ready ## run every test, those in a real browser too
	@$(BIN)/python -m tools.chromium
	@$(BIN)/python -m pytest -n auto --dist worksteal

site: .venv/ready ## build the site into site/
	@$(BIN)/python -m mkdocs build --strict --quiet

print: site ## write the course as one PDF, course.pdf (needs Chromium)
	@$(BIN)/python -m tools.pdf

check: site ## check the HTML of site/ with the W3C's validator (needs Node and Java)
	@$(BIN)/python -m tools.validate site

bench: .venv/ready ## measure pages (needs Node and Chromium) and builds, beside stock MkDocs
	@$(BIN)/python -m bench

clean: ## delete what was made, the virtual environment too
	rm -rf .venv .cache site .site.new .site.old course.pdf

.venv/ready: requirements.txt constraints.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11, 3.12 or 3.13 is needed, and there is no $(PYTHON); install it, then run again."; exit 1; }
	@$(PYTHON) tools/setup.py
