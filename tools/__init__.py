"""What a person runs: set-up, browser, fonts, card, permalinks, stills, a new chapter, the validator."""
