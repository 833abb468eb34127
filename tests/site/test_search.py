"""The search: its index, and what stands first in it."""

import json
import re
from types import SimpleNamespace

import pytest
from material.plugins.search.plugin import SearchIndex

from pipeline import search
from pipeline.maths import to_mathml
from pipeline.source import SiteError
from tests.site.small import build_site, edit, stops
from tools import stills

# What people type, and the page that has to come first.
FIRST = {
    "learn/quickstart/": ["regularization", "regularisation", "penalised"],
    "learn/sequential/": ["regularizer", "kernel_regularizer", "bias regularizer", "activity regularizer", "custom regularizer"],
    "learn/training/": ["early stopping", "EarlyStopping", "val_loss", "batch size", "seed", "learning rate", "Adam"],
    "learn/data/": [
        "make_classification",
        "standard scaler",
        "StandardScaler",
        "standardize",
        "standardise",
        "data leakage",
        "correlated features",
    ],
    "learn/overfitting/": ["overfitting", "underfit", "learning curve", "bias variance"],
    "learn/l2/": ["L2", "l2 regularization", "ridge", "weight decay", "weight_decay"],
    "learn/l1/": ["L1", "l1 regularization", "lasso", "soft thresholding", "exact zeros", "feature selection", "proximal", "sparsity"],
    "learn/l1_l2/": ["elastic net", "l1_l2", "L1L2", "l1_ratio", "alpha to l2", "C logistic regression", "how to use elastic net in Keras"],
    "learn/choosing/": ["cross-validation", "grid search", "GridSearchCV", "one standard error rule", "choose lambda", "hyperparameter"],
    "learn/confusion_matrix/": ["confusion matrix", "precision recall", "F1", "threshold", "class weights", "imbalanced"],
    "learn/comparison/": ["AdamW", "dropout", "L1 vs L2"],
    "learn/own_data/": [
        "own data",
        "missing values",
        "CSV",
        "nested cross-validation",
        "calibration",
        "pandas",
        "PenalizedClassifier",
    ],
    "learn/in_short/": ["cheat sheet"],
    "reference/glossary/": ["glossary"],
    "reference/notation/": ["notation"],
    "reference/references/": ["references"],
    "reference/spellings/": ["tf.keras.regularizers"],
}


def _index(project, site):
    return json.loads((build_site(project, site) / "search" / "search_index.json").read_text(encoding="utf-8"))


def test_the_kept_index_is_the_theme_s_own(project, monkeypatch):
    read = []
    whole = SearchIndex.add_entry_from_context
    monkeypatch.setattr(SearchIndex, "add_entry_from_context", lambda self, page: read.append(page.url) or whole(self, page))
    first = _index(project, "first")
    assert set(read) == {"", "learn/demo/", "examples/demo/", "ledger/", "ledger/demo/"}
    read.clear()
    assert _index(project, "second") == first and read == []
    edit(project / "docs" / "learn" / "demo.md", "## Idea", "Quite another word: xylophone.\n\n## Idea")
    third = _index(project, "third")
    assert read == ["learn/demo/"]
    assert "xylophone" in str(third) and "xylophone" not in str(first)
    read.clear()
    (project / ".cache" / "search" / "index.md.json").write_bytes(b"{")
    assert _index(project, "fourth") == third and read == [""]
    with monkeypatch.context() as patch:
        patch.setattr(search, "kept", lambda path, depends, make: make())
        assert _index(project, "fifth") == third


@pytest.mark.parametrize("index", [None, SimpleNamespace(entries=[])])
def test_another_index_stops_the_build(tmp_path, index):
    with pytest.raises(SiteError, match=r"mkdocs-material .* fills the index of its search in another way"):
        search.keep(index, tmp_path)


def test_the_index_has_the_words_of_a_page_and_not_its_signs():
    assert search.words('<p>a<math><mi>b</mi><annotation encoding="application/x-tex">\\beta</annotation></math></p>') == "<p>ab</p>"
    assert search.words("<pt-demo>\n<svg>3.14</svg>\n</pt-demo><p>a</p>") == "<p>a</p>"
    assert search.words('<p>a.<a aria-label="Tested: a." class="pt-claim" href="#">✓</a></p>') == "<p>a.</p>"
    assert (
        search.words('a<details class="pt-data"><summary>b</summary><td>0.5</td></details><details>c</details>') == "a<details>c</details>"
    )
    assert search.words('<div class="pt-head">\n<p>5 minutes</p>\n<p>a</p></div>') == '<div class="pt-head">\n<p>a</p></div>'
    assert search.words('<div class="pt-maths" tabindex="0"><math><mi>b</mi></math></div>a') == "a"
    row = '<tr role="row"><th>a</th>\n<td class="pt-number">−0.5 ± 2</td><td data-label="b"><code>c</code></td></tr>'
    assert search.words(row) == "<p>a · <code>c</code></p>"


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\lambda_2 \ge 0", "λ<sub>2</sub>≥0"),
        (r"\sum_j w_j^2", "∑<sub>j</sub>w<sub>j</sub><sup>2</sup>"),
        (r"\frac{a}{b} < 1", "a / b&lt;1"),
        (r"\hat{y} - \bar{x}", "y\u0302−x\u0304"),
        (r"\sqrt{2 n}", "√(2n)"),
        (r"a \text{ of } b", "a\u00a0of\u00a0b"),
    ],
)
def test_a_formula_is_text_in_the_index(latex, text):
    assert search.words(to_mathml(latex)) == text


def test_no_tex_no_number_of_a_widget_and_no_data_of_a_figure_is_in_the_index(site_dir):
    index = json.loads((site_dir / "search" / "search_index.json").read_text(encoding="utf-8"))
    drawn = "".join(stills.path(name).read_text(encoding="utf-8") for name in stills.names())
    unwanted = {
        "TeX": r"\\(?:frac|sum|lambda|hat|bar|lVert|lvert|sqrt|operatorname|begin|eta|text|in|cdot)\b",
        "a number of a widget": "|".join(re.escape(text) for text in re.findall(r">([^<>]* [^<>]*\d\.\d[^<>]*)<", drawn)),
        "the data of a figure": "The data behind this figure",
    }
    for what, pattern in unwanted.items():
        there = {entry["location"]: found[0] for entry in index["docs"] if (found := re.search(pattern, entry["title"] + entry["text"]))}
        assert pattern and there == {}, f"the index of the search holds {what}"


def test_keywords_are_looked_for_and_are_a_list(project, caplog):
    page = project / "docs" / "learn" / "demo.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(f"---\nkeywords: [xylophone, val_loss]\n---\n{text}", encoding="utf-8")
    index = _index(project, "site")
    assert {entry["location"]: entry["keywords"] for entry in index["docs"] if "keywords" in entry} == {
        "learn/demo/": "xylophone, val_loss"
    }
    assert "keywords" in index["config"]["fields"]
    page.write_text(f"---\nkeywords: xylophone\n---\n{text}", encoding="utf-8")
    stops(project, caplog, "docs/learn/demo.md: keywords in the front matter is no list; write it like [ridge, weight decay].")


# Types each query into the box of the page; returns the addresses of the first results, null where nothing is found.
ASK = """async (queries) => {
  const box = document.querySelector(".md-search__input"), state = document.querySelector(".md-search-result__meta");
  const told = async (query, answer) => {
    box.value = query;
    box.dispatchEvent(new KeyboardEvent("keyup"));
    for (const begin = Date.now(); !answer.test(state.textContent); await new Promise(requestAnimationFrame))
      if (Date.now() - begin > 30000) throw new Error(`no answer to "${query}" but "${state.textContent.trim()}"`);
  };
  const first = [];
  for (const query of queries) {
    await told("", /Type to start/);
    await told(query, /matching document/);
    first.push(document.querySelector(".md-search-result__link")?.href.split("?")[0]);
  }
  return first;
}"""


def test_what_people_type_finds_its_page_first(browser, site_url):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{site_url}ledger/", wait_until="networkidle")
    page.get_by_role("textbox", name="Search").click()
    expected = {query: address for address, queries in FIRST.items() for query in queries}
    found = [(address or "nothing").removeprefix(site_url) for address in page.evaluate(ASK, list(expected))]
    context.close()
    pairs = zip(expected.items(), found, strict=True)
    wrong = [f"{query!r} finds {first} before {address}" for (query, address), first in pairs if first != address]
    assert not wrong, "; ".join(wrong) + ". What a page is looked for by stands in its front matter, as keywords."
