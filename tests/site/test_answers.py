"""Worked answers are told apart from other folded parts."""

from markdown import Markdown


def test_only_an_answer_is_marked_as_one():
    text = "/// details | Answer to exercise 1\nSeven.\n///\n\n/// details | Proof: an answer\nSo it is.\n///\n"
    made = Markdown(extensions=["pymdownx.blocks.details", "pipeline.answers"]).convert(text)
    assert made.count('class="pt-answer"') == 1
    assert '<details class="pt-answer">\n<summary>Answer to exercise 1</summary>' in made
