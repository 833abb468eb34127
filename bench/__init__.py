"""Measure the site, beside stock MkDocs: `make bench`."""
