"""Parts of many tables, trained in one fit, become what each becomes by itself; the simulation of the chapter relies on it."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from penalty import parts
from penalty.compare import Settings
from penalty.table import Table
from tests.penalty.test_compare import KINDS, table_of

SHORT = Settings(folds=3, repeats=1, inner_folds=2, hidden_layer_sizes=(3,), epochs=40, factors=(0.03,))


def another(table: Table) -> Table:
    """Return a table of the same size with other features and another target."""
    order = np.random.default_rng(1).permutation(len(table.target))
    features = table.features.iloc[order[::-1]].reset_index(drop=True)
    return replace(table, features=features, target=table.target[order] if table.classes else 3 * table.target[order] - 7)


@pytest.mark.parametrize("kind", KINDS)
def test_parts_of_two_tables_in_one_fit_are_those_of_each_alone(kind):
    tables = [table_of(kind), another(table_of(kind))]
    for number in (1, 3):  # an outer fold, and all rows
        ready = [parts.prepare(table, SHORT, number) for table in tables]
        together = [parts.score(part, stack) for part, stack in zip(ready, parts.train(ready, 0))]
        alone = [parts.train_part(table, SHORT, number, 0) for table in tables]
        for one, other in zip(together, alone):
            assert one.keys() == other.keys()
            for name in set(one) - {"seconds"}:
                np.testing.assert_allclose(one[name], other[name], rtol=2e-3, atol=1e-4, err_msg=name)
        assert not np.allclose(together[0]["inner"], together[1]["inner"], rtol=0.01)


def test_complete_numbers_are_only_standardized_unless_they_are_far_away():
    table = table_of()
    table = replace(table, features=table.features[["size", "age"]].fillna(0.3))
    train = np.arange(60)
    expected = StandardScaler().fit(table.features.iloc[train]).transform(table.features)
    assert np.abs(expected).max() < 10

    def standardized(table, splits):
        return [expected], [np.arange(2)]

    (X,), (columns,) = parts.preprocessed(table, [(train, np.arange(60, 90))])
    np.testing.assert_allclose(X, expected)
    np.testing.assert_array_equal(columns, [0, 1])
    assert parts.prepare(table, SHORT, 0, standardized).X[0] is expected
