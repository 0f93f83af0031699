"""Makes statistics.json: reference values of the statistics in this package.

    python3 reports/testdata/statistics.py > reports/testdata/statistics.json

Needs numpy and scipy. Intervals, tests and quantiles are scipy's own
(scipy.stats.t, permutation_test, bootstrap); Hedges' correction is computed from
scipy.special.gammaln and Holm's adjustment from its definition, which scipy does
not have. null stands for a number that is undefined.
"""

import json
import sys

import numpy as np
import scipy
from scipy import special, stats


def summary(values):
    """Mean, sample standard deviation and half-width of the 95% Student-t interval."""
    x = np.asarray(values, dtype=float)
    n = len(x)
    if n == 0 or not np.all(np.isfinite(x)):
        return {"mean": None, "sd": None, "ci95": None}
    if n == 1:
        return {"mean": float(x[0]), "sd": None, "ci95": None}
    error = stats.sem(x)
    if error == 0:
        return {"mean": float(x.mean()), "sd": 0.0, "ci95": 0.0}
    low, high = stats.t.interval(0.95, n - 1, loc=x.mean(), scale=error)
    return {"mean": float(x.mean()), "sd": float(x.std(ddof=1)), "ci95": float((high - low) / 2)}


def sign_flip(a, b):
    """Two-sided exact paired permutation test by sign flips."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if len(a) == 0 or not np.all(np.isfinite(a - b)):
        return None
    if len(a) == 1:
        return 1.0  # both signs of one difference are as far from 0
    test = stats.permutation_test((a - b,), lambda d, axis: np.mean(d, axis=axis), permutation_type="samples",
                                  n_resamples=np.inf, alternative="two-sided", vectorized=True)
    # The share of all sign patterns whose sum is at least as far from 0: scipy
    # doubles the smaller tail, which is the same by symmetry, but for its cap.
    return float(min(1.0, test.pvalue))


def hedges(a, b):
    """Cohen's d_z times the exact small-sample correction, n-1 degrees of freedom; of two pairs that is always 0."""
    d = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    n = len(d)
    if n < 3 or not np.all(np.isfinite(d)) or np.ptp(d) < 1e-12:
        return None
    m = n - 1
    correction = float(np.exp(special.gammaln(m / 2) - special.gammaln((m - 1) / 2)) / np.sqrt(m / 2))
    return float(correction * d.mean() / d.std(ddof=1))


def pair(name, a, b):
    difference = summary(np.asarray(a) - np.asarray(b)) if len(a) == len(b) else None
    return {"name": name, "a": a, "b": b, "summary": summary(a), "difference": difference,
            "p": sign_flip(a, b), "effect": hedges(a, b)}


def pairs():
    rng = np.random.default_rng(20)
    cases = [
        pair("a single seed", [0.51], [0.48]),
        pair("a single seed without a difference", [0.5], [0.5]),
        pair("two seeds", [0.51, 0.53], [0.48, 0.47]),
        pair("two seeds, opposite differences", [0.50, 0.25], [0.25, 0.50]),
        pair("constant values", [0.25] * 5, [0.25] * 5),
        pair("constant values that differ", [0.75] * 6, [0.25] * 6),
        pair("equal differences of values that vary", [0.25, 0.5, 0.75, 1.0], [0.0, 0.25, 0.5, 0.75]),
        pair("ties among the differences", [0.5, 0.5, 0.75, 0.25, 0.5, 0.75], [0.25, 0.75, 0.5, 0.25, 0.25, 0.5]),
        pair("many pairs without a difference", [0.5, 0.5, 0.5, 0.75, 0.5, 0.5, 0.25], [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]),
        pair("one outlier", [0.9, 0.11, 0.12, 0.13, 0.14, 0.15], [0.1, 0.1, 0.1, 0.1, 0.1, 0.1]),
        pair("all differences below zero", [0.1, 0.2, 0.3, 0.15, 0.22, 0.31, 0.05, 0.18], [0.2, 0.33, 0.37, 0.29, 0.30, 0.46, 0.11, 0.27]),
        pair("very small values", [1e-9, 2e-9, 4e-9, 3e-9], [0.5e-9, 1e-9, 1e-9, 3.5e-9]),
        pair("large values", [1e6, 1.1e6, 1.2e6, 0.9e6, 1.05e6], [0.9e6, 1.15e6, 1.0e6, 0.95e6, 1.0e6]),
        pair("negative values", [-0.2, -0.3, -0.1], [-0.25, -0.2, -0.3]),
    ]
    for n in (3, 4, 6, 8, 10, 12):
        a, b = rng.random(n), rng.random(n)
        cases.append(pair(f"random, {n} seeds", a.tolist(), (b + 0.02).tolist()))
    hundredths = rng.integers(0, 5, (2, 9)) / 4
    cases.append(pair("random quarters with ties", hundredths[0].tolist(), hundredths[1].tolist()))
    return cases


def holm(p):
    """Holm's step-down adjustment, by its definition."""
    p = np.asarray(p, dtype=float)
    order = np.argsort(p, kind="stable")
    adjusted, highest = np.empty(len(p)), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p) - rank) * p[i]))
        adjusted[i] = highest
    return {"p": p.tolist(), "adjusted": adjusted.tolist()}


def metrics(name, R, K=None, joint=None):
    """Metrics of a matrix of scores, each written down from its definition."""
    R = np.asarray(R, dtype=float)
    N = R.shape[1]
    expect = {"acc": R[N].mean(), "learning_accuracy": np.mean([R[j + 1][j] for j in range(N)]),
              "gain": np.mean([R[j + 1][j] - R[0][j] for j in range(N)]),
              "aia": np.mean([R[i][:i].mean() for i in range(1, N + 1)])}
    if N > 1:
        expect["bwt"] = np.mean([R[N][j] - R[j + 1][j] for j in range(N - 1)])
        expect["fwt"] = np.mean([R[j][j] - R[0][j] for j in range(1, N)])
        expect["forgetting"] = np.mean([R[j + 1:N, j].max() - R[N][j] for j in range(N - 1)])
        expect["min_acc"] = np.mean([R[j + 2:, j].min() for j in range(N - 1)])
        if all(R[j + 1][j] != 0 for j in range(N - 1)):
            expect["task_retention"] = np.mean([R[N][j] / R[j + 1][j] for j in range(N - 1)])
    if K is not None:
        expect.update(knowledge_final=K[N], knowledge_min=min(K[1:]), knowledge_delta=K[N] - K[0])
        if K[0] != 0:
            expect["knowledge_retention"] = K[N] / K[0]
    if joint is not None:
        expect["intransigence"] = np.mean([joint[j] - R[j + 1][j] for j in range(N)])
    keys = ["acc", "learning_accuracy", "gain", "bwt", "fwt", "forgetting", "aia", "min_acc", "task_retention", "knowledge_retention",
            "knowledge_final", "knowledge_min", "knowledge_delta", "intransigence"]
    return {"name": name, "R": R.tolist(), "K": K, "joint": joint,
            "expect": {k: float(expect[k]) if k in expect else None for k in keys}}


def matrices():
    rng = np.random.default_rng(21)
    return [
        metrics("a single task", [[0.1], [0.6]], K=[0.9, 0.8], joint=[0.7]),
        metrics("a task that was never learned", [[0.1, 0.2], [0.0, 0.2], [0.1, 0.7]], K=[0.9, 0.8, 0.7]),
        metrics("no knowledge to lose", [[0.1, 0.2], [0.5, 0.2], [0.4, 0.7]], K=[0.0, 0.1, 0.1]),
        metrics("no battery, no joint run", [[0.1, 0.2], [0.5, 0.2], [0.4, 0.7]]),
        metrics("constant scores", [[0.5] * 3] * 4, K=[0.5] * 4, joint=[0.5] * 3),
        metrics("random, 5 tasks", rng.random((6, 5)).tolist(), K=rng.random(6).tolist(), joint=rng.random(5).tolist()),
    ]


def orders():
    """Spread between orders and seeds: values[seed][order]."""
    x = np.random.default_rng(22).random((4, 3))
    return {"values": x.tolist(), "mean": float(x.mean()), "sd_orders": float(x.mean(axis=0).std(ddof=1)),
            "sd_seeds": float(x.mean(axis=1).std(ddof=1))}


def bootstraps():
    """scipy.stats.bootstrap's percentile interval, with the examples that it drew."""
    cases = []
    for name, scores in (("right or wrong", [1, 0, 0, 1, 1, 1, 0, 1, 0, 1]), ("shares", [0.1, 0.55, 0.3, 0.8, 0.65, 0.2, 0.9]),
                         ("constant", [0.5] * 6), ("a single example", [0.25])):
        x, n = np.asarray(scores, dtype=float), 99
        drawn = np.random.default_rng(23).integers(0, len(x), (n, len(x)))
        if len(x) > 1:
            interval = stats.bootstrap((x,), np.mean, n_resamples=n, method="percentile", confidence_level=0.95,
                                       rng=np.random.default_rng(23), vectorized=True, axis=0).confidence_interval
            low, high = float(interval.low), float(interval.high)
        else:
            low, high = float(x[0]), float(x[0])  # scipy wants two; every resample is the one example
        cases.append({"name": name, "scores": x.tolist(), "drawn": drawn.tolist(), "low": low, "high": high})
    return cases


json.dump({"scipy": scipy.__version__, "pairs": pairs(), "metrics": matrices(), "orders": orders(),
           "bootstrap": bootstraps(),
           "holm": [holm([0.04, 0.01, 0.03, 0.005]), holm([0.5, 0.5, 0.5]), holm([0.2]), holm([1.0, 0.001, 0.001, 0.9]),
                    holm([0.03, 0.03, 0.6, 0.015625, 0.25])]},
          sys.stdout, separators=(",", ":"))
print()
