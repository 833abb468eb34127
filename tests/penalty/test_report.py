"""The folder that is kept: what the report says is what the comparison holds, and what it hands out works by itself."""

import os
import re
import resource
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, precision_score, recall_score

from penalty.compare import METHODS, Settings
from penalty.report import FILES, check_folder, write_report
from penalty.table import Problem
from penalty.verdict import verdict
from tests.penalty.made import made_comparison

EFFECTS = {"none": -0.05, "L1": -0.2, "L2": -0.16, "L1L2": -0.18, "early stopping": -0.12, "linear model": -0.1}
FINDINGS = ("The column “id” has another value in each row, as an identifier has.", "2 rows are equal & may stand in <different> folds.")
SETTINGS = Settings(epochs=60)
COMPARISONS = {
    "two": made_comparison(rows=300, effects=EFFECTS, noise=0.02, unsteady=0.3, unused=("height",)),
    "three": made_comparison(classes=3, effects=EFFECTS, noise=0.02),
    "number": made_comparison(classes=0, effects=EFFECTS | {"L2": -0.4}, noise=0.02),
}
COMPARISONS = {name: replace(comparison, settings=SETTINGS) for name, comparison in COMPARISONS.items()}
ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATES = ("report.css", "predict.txt", "chosen_model.txt")
SECTIONS = ["verdict", "comparison", "factor", "inputs", "errors", "calibration", "table", "mislead", "method", "limits", "folder"]


def write(comparison, folder, findings=(), costs=(1, 1)):
    return write_report(comparison, verdict(comparison), findings, folder, costs)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A report of each kind of target; two classes have costs of 1 and 3."""
    made = tmp_path_factory.mktemp("reports")
    for name, comparison in COMPARISONS.items():
        write(comparison, made / name, FINDINGS, (1, 3) if name == "two" else (1, 1))
    return {name: made / name for name in COMPARISONS}


def soup(folder):
    return BeautifulSoup((folder / "report.html").read_text(encoding="utf-8"), "html.parser")


def rows(page, caption):
    """Return the rows of the tables whose caption begins so, as lists of text with plain spaces."""
    found = [table for table in page.find_all("table") if table.caption.get_text().startswith(caption)]
    return [
        [[cell.get_text().replace("\xa0", " ") for cell in line.find_all(["th", "td"])] for line in table.tbody.find_all("tr")]
        for table in found
    ]


def value(text):
    """Return the number that a text of the report begins with."""
    return float(re.match(r"-?[\d.,]+", text.replace("−", "-"))[0].replace(",", ""))


# What the report says


@pytest.mark.parametrize("kind", COMPARISONS)
def test_report_answers_in_the_order_of_the_question(folders, kind):
    page = soup(folders[kind])
    sections = SECTIONS if kind != "number" else [name for name in SECTIONS if name != "calibration"]
    assert [heading["id"] for heading in page.find_all("h2")] == sections
    assert page.html["lang"] == "en"
    assert page.title.get_text() == page.h1.get_text()
    said = verdict(COMPARISONS[kind]).sentences
    shown = page.find(class_="verdict").get_text()
    assert all(sentence in shown for sentence in said)
    assert page.find(class_="answer").get_text() == said[0]
    place = METHODS.index(verdict(COMPARISONS[kind]).best)
    facts = [value(fact.get_text()) for fact in page.find_all("dd")[1:3]]
    assert facts == pytest.approx([COMPARISONS[kind].losses[:, place].mean(), COMPARISONS[kind].base_losses.mean()], rel=5e-3)
    assert [item.get_text() for item in page.find(id="mislead").parent.find_all("li")] == list(FINDINGS)


@pytest.mark.parametrize(("kind", "drawings"), [("two", 7), ("three", 9), ("number", 8)])
def test_every_figure_has_a_name_and_a_caption(folders, kind, drawings):
    page = soup(folders[kind])
    assert len(page.find_all("svg")) == drawings
    for figure in page.find_all("figure"):
        assert len(figure.figcaption.get_text()) > 80
        assert all(svg["aria-label"] for svg in figure.find_all("svg"))
    names = [element["id"] for element in page.find_all(id=True)]
    assert len(names) == len(set(names))
    assert all(table.caption and table.find("th", scope="col") and table.find("th", scope="row") for table in page.find_all("table"))


@pytest.mark.parametrize("kind", COMPARISONS)
def test_numbers_of_the_methods_are_those_of_the_comparison(folders, kind):
    comparison, page = COMPARISONS[kind], soup(folders[kind])
    (table,) = rows(page, "Mean cross-entropy of each" if comparison.table.classes else "Mean squared error of each")
    percent = 100 if comparison.table.classes else 1
    for place, (name, loss, difference, score) in enumerate(table):
        against = comparison.losses[:, place] - comparison.base_losses
        assert name == METHODS[place]
        assert value(loss) == pytest.approx(comparison.losses[:, place].mean(), rel=5e-3)
        assert value(difference) == pytest.approx(against.mean(), rel=5e-2)
        low, high = (value(part) for part in difference.partition("(")[2].split(" to "))
        assert low < against.mean() < high
        assert value(score) == pytest.approx(percent * comparison.accuracies[:, place].mean(), rel=5e-3)


def test_pairs_are_those_of_the_verdict(folders):
    shown = [row for caption in ("Penalties in pairs", "Other pairs") for row in rows(soup(folders["two"]), caption)[0]]
    pairs = verdict(COMPARISONS["two"]).pairs
    assert [row[0] for row in shown] == [f"{pair.a} and {pair.b}" for pair in pairs]
    assert [row[3] for row in shown] == ["yes" if pair.adjusted < 0.05 else "no" for pair in pairs]
    for row, pair in zip(shown, pairs):
        assert value(row[1]) == pytest.approx(pair.mean, rel=5e-2)
        assert row[2] == "< 0.001" if pair.adjusted < 0.001 else value(row[2]) == pytest.approx(pair.adjusted, abs=5e-4)


def test_errors_are_those_of_scikit_learn_with_wilson_intervals_of_scipy(folders):
    comparison, page = COMPARISONS["two"], soup(folders["two"])
    y, probability = comparison.table.target, comparison.predictions[METHODS.index("L1"), :, 1]
    assert verdict(comparison).best == "L1"
    matrices, rates = rows(page, "Confusion matrix"), rows(page, "Rates")
    assert len(matrices) == len(rates) == 2
    for threshold, matrix, table in zip((0.5, 0.25), matrices, rates):  # costs of 1 and 3: 1 / (1 + 3)
        said = (probability > threshold).astype(int)
        assert [[int(entry) for entry in row[1:]] for row in matrix] == confusion_matrix(y, said).tolist()
        shares = {"Recall of yes": recall_score(y, said), "Precision of yes": precision_score(y, said), "Accuracy": np.mean(y == said)}
        shares["Specificity (recall of no)"] = recall_score(y, said, pos_label=0)
        assert {row[0] for row in table} == set(shares)
        for name, counted, share, interval in table:
            hits, of = (int(number) for number in counted.split(" of "))
            wilson = binomtest(hits, of).proportion_ci(method="wilson")
            assert value(share) == pytest.approx(100 * shares[name], abs=0.051)
            assert [value(end) for end in interval.split(" to ")] == pytest.approx([100 * wilson.low, 100 * wilson.high], abs=0.051)


def test_three_classes_have_recall_and_precision_each(folders):
    comparison, page = COMPARISONS["three"], soup(folders["three"])
    said = comparison.predictions[METHODS.index(verdict(comparison).best)].argmax(axis=1)
    (table,) = rows(page, "Rates")
    shares = {row[0]: value(row[2]) for row in table}
    for code, label in enumerate(comparison.table.classes):
        expected = [score(comparison.table.target, said, average=None)[code] for score in (recall_score, precision_score)]
        assert [shares[f"Recall of {label}"], shares[f"Precision of {label}"]] == pytest.approx(100 * np.array(expected), abs=0.051)
    (matrix,) = rows(page, "Confusion matrix")
    assert [[int(entry) for entry in row[1:]] for row in matrix] == confusion_matrix(comparison.table.target, said).tolist()


def test_reliability_diagram_counts_each_row_once(folders):
    for kind, classes in (("two", 1), ("three", 3)):
        drawn = [svg["aria-label"] for svg in soup(folders[kind]).find_all("svg") if svg["aria-label"].startswith("Observed share")]
        assert len(drawn) == classes
        for alt in drawn:
            counts = [int(count.replace(",", "")) for count in re.findall(r"of ([\d,]+) rows at", alt)]
            assert sum(counts) == len(COMPARISONS[kind].table.target)
            assert all(0 <= value(share) <= 1 for share in re.findall(r"([\d.]+) of [\d,]+ rows", alt))


def test_columns_that_l1_leaves_out_are_named(folders, tmp_path):
    comparison = COMPARISONS["two"]
    used = comparison.largest_weight[np.arange(10), comparison.chosen[:, 1]]
    counts = dict(zip(comparison.table.features, (used < 0.01).sum(axis=0)))
    named = [f"{name} ({count} of 10)" for name, count in counts.items() if count > 5]
    text = soup(folders["two"]).find(id="inputs").parent.p.get_text()
    assert re.findall(r"\w+ \(\d+ of 10\)", text) == named == [f"height ({counts['height']} of 10)"]
    write(COMPARISONS["three"], tmp_path)
    assert "leaves out no column in more than half" in soup(tmp_path).find(id="inputs").parent.p.get_text()


def test_rows_that_were_never_tested_are_not_counted(tmp_path):
    predictions = COMPARISONS["two"].predictions.copy()
    predictions[:, :100] = np.nan
    write(replace(COMPARISONS["two"], predictions=predictions), tmp_path)
    (matrix,) = rows(soup(tmp_path), "Confusion matrix")
    assert sum(int(entry) for row in matrix for entry in row[1:]) == 200


def test_words_of_the_table_stand_as_they_are(tmp_path):
    comparison = made_comparison(rows=100)
    strange = '<script>alert("$x^2$ & more")</script>'
    features = comparison.table.features.rename(columns={"age": strange})
    table = replace(comparison.table, features=features, name=strange, classes=("no", "<b>yes</b>"))
    write(replace(comparison, table=table), tmp_path, [f"The column {strange} is constant."])
    page = soup(tmp_path)
    assert not page.find_all(["script", "b"])
    assert strange in page.h1.get_text()
    assert f"The column {strange} is constant." in page.get_text()
    compile((tmp_path / "predict.py").read_text(encoding="utf-8"), "predict.py", "exec")


@pytest.mark.parametrize("best", ["none", "L1", "L2", "L1L2"])
def test_report_is_complete_for_each_penalty(tmp_path, best):
    comparison = made_comparison(rows=60, effects={best: -0.2})
    write(comparison, tmp_path)
    chosen = verdict(comparison).factor_minimum
    kernels = [layer.kernel_regularizer for layer in keras.saving.load_model(tmp_path / "model.keras").layers]
    assert [(float(penalty.l1), float(penalty.l2)) for penalty in kernels] == [pytest.approx(chosen)] * 2
    assert np.count_nonzero(chosen) == {"none": 0, "L1L2": 2}.get(best, 1)


# The folder


def test_same_comparison_writes_the_same_bytes(folders, tmp_path):
    other = replace(COMPARISONS["two"], seconds={name: 2 * seconds for name, seconds in COMPARISONS["two"].seconds.items()})
    write(other, tmp_path, FINDINGS, (1, 3))
    for name in ("report.html", "results.csv", "predict.py", "chosen_model.py"):
        first, second = (re.sub(rb'<p id="seconds".*?</p>', b"", (folder / name).read_bytes()) for folder in (folders["two"], tmp_path))
        assert first == second
    assert (folders["two"] / "report.html").read_bytes() != (tmp_path / "report.html").read_bytes()


def test_results_have_a_row_for_each_fold_and_method(folders):
    for kind, comparison in COMPARISONS.items():
        results = pd.read_csv(folders[kind] / "results.csv").set_index(["fold", "method"])
        score, strength = ("accuracy", "C") if comparison.table.classes else ("r2", "alpha")
        assert len(results) == len(comparison.test) * len(METHODS)
        for place, method in enumerate(METHODS):
            mine = results.xs(method, level="method")
            assert np.allclose(mine["loss"], comparison.losses[:, place])
            assert np.allclose(mine[score], comparison.accuracies[:, place])
            chosen = comparison.chosen[:, place]
            if method == "early stopping":
                assert (mine["epochs"] == comparison.checkpoints[chosen]).all()
            elif method == "linear model":
                assert np.allclose(mine[strength], comparison.linear[chosen])
            else:
                assert np.allclose(mine[["l1", "l2"]], np.transpose([comparison.l1[chosen], comparison.l2[chosen]]))


def test_report_goes_beside_what_is_in_the_folder_and_replaces_an_earlier_one(tmp_path):
    folder = tmp_path / "deep" / "results"
    (folder / "parts").mkdir(parents=True)
    (folder / "parts" / "0.npz").write_bytes(b"a part")
    (folder / "mine.txt").write_text("mine")
    first = write(COMPARISONS["two"], folder)
    before = first.read_bytes()
    assert first == folder / "report.html"
    write(COMPARISONS["three"], folder)
    assert first.read_bytes() != before
    assert {path.name for path in folder.iterdir()} == {*FILES, "parts", "mine.txt"}
    assert (folder / "parts" / "0.npz").read_bytes() == b"a part"


@pytest.mark.parametrize("name", FILES)
def test_file_of_somebody_else_is_not_replaced(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(Problem, match=name):
        write(COMPARISONS["two"], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "results").write_text("mine")
    with pytest.raises(Problem, match="is a file"):
        check_folder(tmp_path / "results")
    with pytest.raises(Problem, match="results"):
        check_folder(tmp_path / "results" / "deeper")


@pytest.mark.parametrize("size", [1000, 20_000, 60_000])  # bytes: too few for the network, for the table, for the report
def test_full_disk_leaves_the_folder_as_it_was(tmp_path, size):
    write(COMPARISONS["three"], tmp_path / "old")
    before = {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    for name in ("old", "new"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        try:
            with pytest.raises(Problem, match="could not be written"):
                write(COMPARISONS["two"], tmp_path / name)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_templates_are_read_from_a_package_in_a_zip_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as packed:
        for path in sorted((ROOT / "penalty").rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                packed.write(path, path.relative_to(ROOT))
    code = "import penalty.page as page; print(page.__file__, *(len((page.TEMPLATES / name).read_text()) > 100 for name in sys.argv[2:]))"
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, sys.argv[1]); {code}", str(tmp_path / "all.zip")]
    ended = subprocess.run([*command, *TEMPLATES], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ended.stdout == f"{tmp_path / 'all.zip' / 'penalty' / 'page.py'} True True True\n", ended.stderr


# The programs


def run(folder, program, *arguments):
    """Run a program of the folder where the package cannot be imported; return exit code, output and errors."""
    code = "import runpy, sys; sys.modules['penalty'] = None; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    environment = {name: setting for name, setting in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", code, str(folder / program), *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder.parent, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def predicted(folder, table):
    """Return what predict.py of the folder says about a table, with its errors."""
    new = folder.parent / "new.csv"
    table.to_csv(new, index=False)
    code, output, errors = run(folder, "predict.py", new)
    assert code == 0, errors
    kept = folder.parent / "predictions.csv"
    kept.write_text(output)
    return pd.read_csv(kept), errors


@pytest.mark.parametrize("kind", COMPARISONS)
def test_predict_says_what_network_and_preprocessing_say(folders, kind):
    comparison, folder = COMPARISONS[kind], folders[kind]
    features = comparison.table.features
    said, errors = predicted(folder, features.assign(more="a column that is not needed")[["more", *features.columns[::-1]]])
    assert errors == ""
    X = joblib.load(folder / "preprocessing.joblib").transform(features)
    output = keras.saving.load_model(folder / "model.keras").predict(np.asarray(X, "float32"), verbose=0)
    if kind == "number":
        y = comparison.table.target
        assert np.allclose(said["price"], output[:, 0] * y.std() + y.mean(), atol=1e-6)
        return
    probabilities = np.hstack([1 - output, output]) if kind == "two" else output
    classes = comparison.table.classes
    assert np.allclose(said[[f"probability of {label}" for label in classes]], probabilities, atol=1e-6)
    codes = probabilities[:, 1] > 0.25 if kind == "two" else probabilities.argmax(axis=1)
    assert said["churn"].tolist() == [classes[int(code)] for code in codes]


def test_predict_takes_missing_and_unseen_values(folders):
    new = COMPARISONS["two"].table.features.head(3).copy()
    new.loc[0, "plan"] = "gold"
    new.loc[1, ["age", "plan"]] = None
    said, errors = predicted(folders["two"], new)
    assert len(said) == 3
    assert np.isfinite(said["probability of yes"]).all()
    assert errors == "Column 'plan' has values that the model has not seen: 'gold'.\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("age,visits,income,plan,since\n1,2,3,basic,2024-01-01\n", "has no column 'height'"),
        (
            "age,visits,income,height,plan,since\n1,2,3,4,basic,2024-01-01\ntall,2,3,4,basic,2024-01-01\n",
            "row 2: 'tall' in column 'age' is not a number",
        ),
        ("age,visits,income,height,plan,since\n1,2,3,4,basic,soon\n", "row 1: 'soon' in column 'since' is not a date"),
        ("", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_predict_says_in_one_sentence_what_is_wrong_with_new_rows(folders, tmp_path, text, sentence):
    if text is not None:
        (tmp_path / "new.csv").write_text(text)
    code, output, errors = run(folders["two"], "predict.py", tmp_path / "new.csv")
    assert (code, output) == (1, "")
    assert sentence in errors
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize("kind", COMPARISONS)
def test_plain_keras_code_gives_the_weights_of_the_network_that_is_kept(folders, kind):
    folder = folders[kind]
    assert "penalty." not in (folder / "chosen_model.py").read_text(encoding="utf-8")
    code, output, errors = run(folder, "chosen_model.py")
    assert code == 0, errors
    assert output.startswith("loss on these rows")
    kept, made = (keras.saving.load_model(folder / name).get_weights() for name in ("model.keras", "chosen_model.keras"))
    assert [weight.shape for weight in kept] == [weight.shape for weight in made]
    for one, other in zip(kept, made):
        assert np.abs(one - other).max() < 2e-3  # as slices of many trainings agree with single ones


# In a browser; these stand last, because nothing else can start an event loop while Playwright runs


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("kind", COMPARISONS)
def test_report_opens_from_disk_by_itself(folders, browser, kind, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    address = (folders[kind] / "report.html").as_uri()
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach((part) => part.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    violations = [f"{found['id']}: {found['nodes'][0]['html'][:200]}" for found in Axe().run(page).response["violations"]]
    letters = page.evaluate("[...document.querySelectorAll('svg text')].map((text) => text.getBoundingClientRect().height)")
    ground, ink = page.evaluate(
        "[getComputedStyle(document.documentElement).backgroundColor, getComputedStyle(document.querySelector('svg text')).fill]"
    )
    page.close()
    assert asked == [address]
    assert said == []
    assert violations == []
    assert min(letters) > 11
    bright = [sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / 3 > 128 for colour in (ground, ink)]
    assert bright == ([True, False] if scheme == "light" else [False, True])


def test_report_on_paper_is_light_and_shows_what_is_folded(folders, browser):
    page = browser.new_page(color_scheme="dark")
    page.goto((folders["two"] / "report.html").as_uri())
    page.emulate_media(media="print", color_scheme="dark")
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    heights = page.evaluate("[...document.querySelectorAll('details table')].map((table) => table.getBoundingClientRect().height)")
    page.close()
    assert ground == "rgb(255, 255, 255)"
    assert len(heights) == 4
    assert min(heights) > 50
