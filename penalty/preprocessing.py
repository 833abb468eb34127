"""From columns to numbers on one scale (stand-in until the real one is merged)."""

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler


def make_preprocessing(features: pd.DataFrame) -> ColumnTransformer:
    """Return the unfitted preprocessing for columns like these."""
    dates = list(features.select_dtypes("datetime").columns)
    numbers = list(features.select_dtypes("float").columns)
    texts = [column for column in features if column not in {*dates, *numbers}]
    since = FunctionTransformer(pd.DataFrame.sub, kw_args={"other": pd.Timestamp("2000-01-01")}, feature_names_out="one-to-one")
    days = FunctionTransformer(pd.DataFrame.div, kw_args={"other": pd.Timedelta(days=1)}, feature_names_out="one-to-one")
    return ColumnTransformer(
        [
            ("number", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
            ("date", make_pipeline(since, days, SimpleImputer(), StandardScaler()), dates),
            ("text", make_pipeline(OneHotEncoder(handle_unknown="ignore", sparse_output=False), StandardScaler()), texts),
        ]
    )


def source_columns(preprocessing: ColumnTransformer, features: pd.DataFrame) -> np.ndarray:
    """Return for each input (p,) the number of the column that it was made from."""
    names = [name.split("__", 1)[1] for name in preprocessing.get_feature_names_out()]
    columns = sorted(features.columns, key=len, reverse=True)
    return np.array([features.columns.get_loc(next(column for column in columns if name.startswith(column))) for name in names])
