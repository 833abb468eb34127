"""Measure the site: `make bench` beside stock MkDocs, `make check` with the W3C's validator."""
