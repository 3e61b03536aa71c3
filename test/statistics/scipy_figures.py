"""Makes scipy-figures.json: python scipy_figures.py > scipy-figures.json (SciPy 1.17)."""

import json
import sys

import numpy
import scipy
from scipy import special, stats


def draws(seed, count):
    """Numbers from 0 to 1 by a generator that any language has: see `draws` in the test."""
    values = []
    for _ in range(count):
        seed = (seed * 48271) % 2147483647
        values.append(seed / 2147483647)
    return values


def sample(seed, count, shape, shift, digits):
    """As `sample` in the test makes them."""
    values = [shift + 100 * u**shape for u in draws(seed, count)]
    return values if digits is None else [float(numpy.floor(v * 10**digits) / 10**digits) for v in values]


def two_samples(one, other):
    a, b = numpy.array(sample(*one)), numpy.array(sample(*other))
    ks = stats.ks_2samp(a, b, method="asymp")
    effective = len(a) * len(b) / (len(a) + len(b))
    welch = stats.ttest_ind(b, a, equal_var=False)
    return {
        "one": one,
        "other": other,
        "distance": ks.statistic,
        "kolmogorov": float(special.kolmogorov(ks.statistic * numpy.sqrt(effective))),
        "ksP": ks.pvalue,
        "t": welch.statistic,
        "freedom": welch.df,
        "tP": welch.pvalue,
    }


def cells(one, other):
    result = stats.chi2_contingency([one, other], correction=False)
    return {"one": one, "other": other, "statistic": result.statistic, "freedom": result.dof, "p": result.pvalue}


PAIRS = [
    ([1, 20, 1, 0, None], [2, 30, 1, 0, None]),
    ([3, 200, 1, 0, None], [4, 150, 1, 5, None]),
    ([5, 1000, 2, 0, None], [6, 1000, 2, 0, None]),
    ([7, 1000, 2, 0, None], [7, 1000, 2, 0, 0]),
    ([8, 5000, 3, 0, 1], [9, 4000, 3, 2, 1]),
    ([10, 10000, 1, 0, 2], [11, 10000, 1, 0, 2]),
    ([12, 10000, 1, 0, 2], [12, 10000, 1, 3, 2]),
    ([13, 400, 5, 0, 0], [14, 300, 2, 0, 0]),
]
CELLS = [
    ([10, 20, 30], [12, 18, 29]),
    ([100, 200, 300, 400], [130, 170, 310, 390]),
    ([5000, 3000, 2000], [4800, 3100, 2100]),
    ([50, 60, 70, 80, 90, 100, 110], [90, 80, 70, 60, 50, 40, 30]),
    ([1000] * 20, [1003] * 10 + [997] * 10),
]
PS = [0.00001, 0.001, 0.004, 0.0041, 0.02, 0.02, 0.3, 0.5, 0.77, 1.0]

json.dump(
    {
        "scipy": scipy.__version__,
        "samples": [two_samples(one, other) for one, other in PAIRS],
        "cells": [cells(one, other) for one, other in CELLS],
        "upperGamma": [[a, x, special.gammaincc(a, x)] for a in (0.5, 1, 2.5, 9.5, 50) for x in (0.1, 1, 8, 40, 90)],
        "studentT": [[f, t, 2 * stats.t.sf(t, f)] for f in (1, 3.7, 30, 250.5, 19998, 190000) for t in (0.1, 1, 2.5, 6, 12)],
        "kolmogorov": [[x, special.kolmogorov(x)] for x in (0.2, 0.5, 0.9, 1.17, 1.18, 1.19, 1.6, 2.4, 4)],
        "falseDiscovery": {"p": PS, "q": list(stats.false_discovery_control(PS))},
    },
    sys.stdout,
    indent=1,
)
