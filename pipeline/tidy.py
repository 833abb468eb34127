"""Tidy what a cell has put out: without what was not meant to be shown, and the same in every run."""

import re

from nbformat import NotebookNode
from nbformat.v4 import new_output

from pipeline.kernel import FIGURE_TYPE

_DURATION = r"\d+(?:us|ms|s)"
# "25/25 ━━━━ 0s 2ms/step - loss: 0.5", with verbose=2 "25/25 - 0s - 2ms/step - loss: 0.5"; `predict` ends after "step".
_PROGRESS = re.compile(rf"(\d+/\d+ (?:- |\S+ )){_DURATION}(?: -)? {_DURATION}/(?:step|sample|epoch)(?: - | *$)", re.MULTILINE)
# What may be such a line in a later version: it begins with a count and has a time, or it has a time per step.
_TIME = r"\d(?:s| ?(?:ms|us|µs)|:\d\d)\b"
_TIMED = re.compile(rf"^[^\w\n]*(?:Epoch )?\d+/(?:\d+|Unknown)\b.*{_TIME}.*|^.*{_TIME}/(?:step|sample|epoch|batch)\b.*", re.MULTILINE)


def clean(text: str) -> str:
    """Return printed text as a terminal would show it in the end, without the times in Keras's progress lines.

    Raises:
        ValueError: if a line still looks like progress with a time in it, which would make two builds differ.
    """
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
    text = re.sub(r"[^\n]*\r(?!\n)", "", text)  # what the terminal would have overwritten
    while "\b" in text:
        text = re.sub(r"[^\b\n]?\b", "", text, count=1)
    text = _PROGRESS.sub(r"\1", text)
    if timed := _TIMED.search(text):
        raise ValueError(
            f"{timed[0].strip()!r} looks like progress with a time in it, which differs from run to run; if a script's own line "
            "does, print it without the time, else Keras prints its progress in another way than pipeline/tidy.py expects: adapt it"
        )
    return re.sub(r" +$", "", text, flags=re.MULTILINE)  # Keras pads a line to the width of the one before, whose times were longer


def tidy(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join the pieces of each stream, and drop what was not meant to be shown: log lines, and the value of a last line.

    Raises:
        ValueError: see `clean`.
    """
    kept = []
    for output in outputs:
        plain = output.get("data", {}).get("text/plain", "<")
        if output.output_type == "display_data" and FIGURE_TYPE not in output.data and not plain.startswith("<"):
            output = new_output("stream", text=plain)  # Keras's model.summary() in a notebook
        if output.output_type == "execute_result" or output.get("name") == "stderr":
            continue
        if output.output_type == "stream" and kept and kept[-1].output_type == "stream":
            kept[-1].text += output.text
        else:
            kept.append(output)
    for output in kept:
        if output.output_type == "stream":
            output.text = clean(output.text)
    return kept
