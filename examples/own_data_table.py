# %% [markdown]
# # A messy table with a known truth
#
# Make the table of gym members that [the chapter](../docs/learn/own_data.md)
# works with. It runs in about two seconds.

# %%
from pathlib import Path

import numpy as np
import pandas as pd

# %% [markdown]
# ## The members
#
# Each row is a member of a gym. What the gym wants to know is who leaves
# within three months. We draw what decides it first: how often a member
# comes, how satisfied a member is, the contract, and the way to the gym.

# %%
random = np.random.default_rng(2)
n = 800
visits = random.poisson(random.gamma(2.0, 3.0, n)).astype(float)
satisfaction = random.choice(
    [1, 2, 3, 4, 5], n, p=[0.08, 0.14, 0.28, 0.32, 0.18]
)
distance = random.lognormal(1.0, 0.6, n).round(1)
contracts = ["monthly", "yearly", "two years"]
contract = random.choice(contracts, n, p=[0.5, 0.35, 0.15])

# %% [markdown]
# ## The truth
#
# A logistic model decides who leaves. Only these columns enter it, so the
# other ones say nothing about the target.

# %%
effects = {
    "visits": -0.16,  # for each visit in the last month
    "satisfaction": -0.60,  # for each point
    "distance_km": 0.22,  # for each kilometre
    "contract: yearly": -0.90,
    "contract: two years": -1.80,
}
logit = (
    0.9
    + effects["visits"] * visits
    + effects["satisfaction"] * satisfaction
    + effects["distance_km"] * distance
    + effects["contract: yearly"] * (contract == "yearly")
    + effects["contract: two years"] * (contract == "two years")
)
probability = 1 / (1 + np.exp(-logit))
leaves = random.random(n) < probability

# %% tags=["truth"]
print("column               effect on the logit")
for name, effect in effects.items():
    print(f"{name:<19}  {effect:19.2f}".replace("-", "−"))

# %% [markdown]
# How well can anybody predict it? The probabilities themselves have the
# lowest cross-entropy that is possible on average. A model that gives every
# member the share of those who leave has the cross-entropy of the base rate.


# %% tags=["bounds"]
def cross_entropy(probability):
    return -np.mean(np.log(np.where(leaves, probability, 1 - probability)))


print("prediction                cross-entropy")
print(f"the share of those who leave      {cross_entropy(leaves.mean()):.3f}")
print(f"the true probabilities            {cross_entropy(probability):.3f}")

# %% [markdown]
# ## What makes it messy
#
# - `satisfaction` comes from a survey, which unhappy members answer less
#   often, and `age` is missing for some.
# - `payment` has a spelling variant and a rare value.
# - `member_id` is an identifier, `country` is the same for all.
# - `refund` is paid when a member leaves, so nobody knows it before.
# - The columns that follow it have nothing to do with the target.
# - Eight members stand in the table twice.

# %%
answered = random.random(n) < np.where(satisfaction <= 2, 0.5, 0.8)
payment = random.choice(
    ["card", "Card", "transfer", "cash", "voucher"],
    n,
    p=[0.48, 0.04, 0.35, 0.12, 0.01],
)
days = random.integers(0, 1400, n)
joined = pd.Timestamp("2021-03-01") + pd.to_timedelta(days, "D")
paid_back = leaves & (random.random(n) < 0.95)
refund = np.where(paid_back, random.integers(5, 60, n), 0)
members = pd.DataFrame(
    {
        "member_id": 20_000 + random.permutation(n),
        "joined": joined.strftime("%Y-%m-%d"),
        "country": "GB",
        "contract": contract,
        "visits": visits.astype(int),
        "satisfaction": pd.array(satisfaction).astype("Int64"),
        "distance_km": distance,
        "payment": payment,
        "age": pd.array(random.integers(18, 75, n)).astype("Int64"),
        "refund": refund,
        "locker": random.integers(1, 300, n),
        "shoe_size": random.normal(41, 2.5, n).round(),
        "weekday": random.choice(["Mon", "Wed", "Fri", "Sat", "Sun"], n),
        "newsletter": random.choice(["yes", "no"], n),
        "music": random.choice(["rock", "pop", "jazz", "silence"], n),
        "churned": np.where(leaves, "yes", "no"),
    }
)
members.loc[~answered, "satisfaction"] = pd.NA
members.loc[random.random(n) < 0.06, "age"] = pd.NA
twice = members.iloc[random.choice(n, 8, replace=False)]
members = pd.concat([members, twice]).sample(frac=1, random_state=0)

# %% tags=["members"]
print(members.head().T.to_string(header=False))

# %% tags=["missing"]
missing = members.isna().sum()
print("column        missing values")
for name, count in missing[missing > 0].items():
    print(f"{name:<12}  {count:14d}")

# %% [markdown]
# ## The file
#
# The project ships the table as `penalty/members.csv`. To make it anew,
# delete that file and run the script.

# %%
path = Path(__file__).resolve().parents[1] / "penalty" / "members.csv"
made = members.to_csv(index=False, lineterminator="\n").encode()
if not path.exists():
    path.write_bytes(made)
assert path.read_bytes() == made, "members.csv is not what this script makes"
