"""From columns to numbers that a penalty can compare, by scikit-learn alone, so that what is fitted can be loaded without this package."""

from operator import attrgetter, methodcaller

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

FEWEST_ROWS = 10  # of a category with an input of its own
MOST_INPUTS = 30  # from one column
FARTHEST = 10.0  # standard deviations


def make_preprocessing(features: pd.DataFrame) -> ColumnTransformer:
    """Return the unfitted preprocessing for columns of these types; only names and types are looked at.

    - Numbers: missing ones become the median; then they are standardized. What lies more than 10 standard deviations away counts as 10,
      so that a test row cannot be arbitrarily far from all training rows.
    - Missing numbers: an input besides, 1 where the number is missing, if it is missing in a training row.
    - Dates: the day, as a number like any other, with the time of day as a fraction; weekday and month, as categories.
    - Categories, a missing one among them: an input each that is 0 or 1. Those with fewer than 10 training rows, and all beyond the 29 most
      frequent, share one input, which also stands for the categories that no training row has.

    A factor penalizes the weight of a number per standard deviation. Inputs of 0 and 1 are not standardized: the same weight, hence the
    same penalty, moves a row by the same amount, whether its category is rare or frequent. The effect of a rare category is therefore
    shrunk more, because fewer rows speak for it. Standardized, rare and frequent ones would be shrunk alike.

    The number of inputs fitted on some of the rows is never above that fitted on all of them.

    Args:
        features: as in `Table`.

    Returns:
        A `ColumnTransformer` from such features to a float64 array (n, inputs), finite for any row.
    """
    kinds = features.dtypes.map(lambda dtype: dtype.kind)
    numbers, dates, categories = (list(features.columns[kinds == kind]) for kind in "fMO")
    parts = [
        ("number", make_pipeline(*_standardized()), numbers),
        ("day", make_pipeline(*_days(), *_standardized()), dates),
        ("missing", MissingIndicator(features="missing-only", error_on_new=False), numbers),
        ("category", make_pipeline(_one_hot()), categories),
        ("weekday", make_pipeline(_of_date("weekday"), _one_hot()), dates),
        ("month", make_pipeline(_of_date("month"), _one_hot()), dates),
    ]
    return ColumnTransformer([part for part in parts if part[2]])


def columns_of(preprocessing: ColumnTransformer) -> list[str]:
    """Return for each input (inputs,) of the fitted preprocessing the column that it was made from."""
    names = []
    for name, part, columns in preprocessing.transformers_:
        if name == "missing":
            names += [columns[place] for place in part.features_]
        elif name in ("number", "day"):
            names += columns
        else:
            for column, known, rare in zip(columns, part[-1].categories_, part[-1].infrequent_categories_):
                names += [column] * (len(known) if rare is None else len(known) - len(rare) + 1)
    return names


def _standardized() -> list:
    return [
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
        FunctionTransformer(np.clip, kw_args={"a_min": -FARTHEST, "a_max": FARTHEST}, feature_names_out="one-to-one"),
    ]


def _days() -> list:
    """Return steps from dates to days since 1970; where the count begins does not matter, because it is standardized."""
    since = FunctionTransformer(methodcaller("sub", pd.Timestamp(0)), feature_names_out="one-to-one")
    return [since, FunctionTransformer(methodcaller("div", pd.Timedelta(days=1)), feature_names_out="one-to-one")]


def _of_date(what: str) -> FunctionTransformer:
    return FunctionTransformer(methodcaller("apply", attrgetter(f"dt.{what}")), feature_names_out="one-to-one")


def _one_hot() -> OneHotEncoder:
    return OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=FEWEST_ROWS, max_categories=MOST_INPUTS, sparse_output=False)
