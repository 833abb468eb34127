"""Look at each sentence beside its test after either was changed: `python -m tools.agree` shows them and records the agreement."""

import sys

from pipeline.ledger import Ledger
from pipeline.source import ROOT

HOW = "python -m tools.agree shows each beside its test and records that they say the same"


def beside(ledger: Ledger, test: str) -> str:
    """Return what has to be seen: each sentence that cites `test` with its place, then the test."""
    claims = [claim for claim in ledger.claims if claim.test == test]
    sentences = [f"{claim.sentence}{f' ({claim.scope})' if claim.scope else ''}\n  docs/{claim.page}:{claim.line}" for claim in claims]
    shown = ledger.tests[test]
    return "\n".join([*sentences, "", shown.source, f"  {shown.file}:{shown.line}"])


def main(names: list[str]) -> None:
    """Go through the pairs that changed, or those of the tests named, and ask for each; without a terminal only those named count."""
    ledger = Ledger(ROOT)
    unknown = sorted(set(names) - set(ledger.tests))
    if unknown:
        sys.exit(f"No page cites {', '.join(unknown)}; name tests as the pages do, or none to see all that changed.")
    tests = names or ledger.unseen()
    agreed = list(names)
    for number, test in enumerate(tests, start=1):
        print(f"\n{number} of {len(tests)}\n\n{beside(ledger, test)}\n", flush=True)
        if not names and sys.stdin.isatty() and input("Would the test fail if the sentence were untrue? [y/N] ").lower() == "y":
            agreed.append(test)
            ledger.agree(agreed)
    ledger.agree(agreed)
    left = len(ledger.unseen())
    print(f"{len(agreed)} recorded in tests/agreed.txt, {left} to be looked at.")


if __name__ == "__main__":
    main(sys.argv[1:])
