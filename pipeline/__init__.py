"""How the site is made: execute the examples, embed their results, cite the tests, set the mathematics."""
