"""Writes the vectors beside it: what SciPy answers, so that our own statistics can be held against it.

    pip install scipy==1.17.1 && python3 tests/statistics/vectors.py

signed_rank.json  [values, p]   wilcoxon(values, zero_method="wilcox", method="exact"), without ties; with ties all signs are counted out here
student.json      [a, b, p]     ttest_ind(a, b)
rank_sum.json     [a, b, p]     mannwhitneyu(a, b): exact without ties, asymptotic with more than 60 values; with ties all choices are counted out here
trend.json        [values, p]   kendalltau(range(n), values, method="asymptotic")
"""

import itertools
import json
import pathlib
import random

from scipy import stats

random.seed(20261125)
here = pathlib.Path(__file__).parent


def exact(values):
    """The two-sided p of the signed-rank sum over all signs, for values with ties, which wilcoxon only approximates."""
    values = [v for v in values if v != 0]
    ranks = stats.rankdata([abs(v) for v in values])
    seen = sum(r for v, r in zip(values, ranks) if v > 0)
    sums = [sum(r for s, r in zip(signs, ranks) if s) for signs in itertools.product([0, 1], repeat=len(values))]
    below = sum(s <= seen + 1e-9 for s in sums) / len(sums)
    above = sum(s >= seen - 1e-9 for s in sums) / len(sums)
    return min(1.0, 2 * min(below, above))


signed = []
for size in [1, 2, 3, 5, 6, 7, 8, 10, 12, 20]:
    for shift in [0.0, 0.5]:
        values = [round(random.gauss(shift, 1), 4) for _ in range(size)]
        signed.append([values, float(stats.wilcoxon(values, zero_method="wilcox", method="exact").pvalue)])
for size in [4, 6, 8, 10]:
    values = [float(random.choice([-2, -1, -1, 0, 1, 1, 2, 3])) for _ in range(size)]
    signed.append([values, exact(values)])

student = []
for n, m in [(2, 2), (3, 5), (5, 5), (10, 7), (30, 20), (2, 40)]:
    for shift in [0.0, 1.0, 5.0]:
        a = [round(random.gauss(10, 1), 4) for _ in range(n)]
        b = [round(random.gauss(10 + shift, 1), 4) for _ in range(m)]
        student.append([a, b, float(stats.ttest_ind(a, b).pvalue)])



def counted(a, b):
    """The two-sided p of the rank sum over all choices, for values with ties, which mannwhitneyu only approximates."""
    ranks = stats.rankdata(a + b)
    seen = sum(ranks[: len(a)])
    sums = [sum(choice) for choice in itertools.combinations(ranks, len(a))]
    below = sum(s <= seen + 1e-9 for s in sums) / len(sums)
    above = sum(s >= seen - 1e-9 for s in sums) / len(sums)
    return min(1.0, 2 * min(below, above))


rank_sum = []
for n, m in [(1, 1), (3, 5), (4, 4), (5, 5), (10, 5), (20, 30), (40, 30)]:
    for shift in [0.0, 1.0]:
        a = [round(random.gauss(10, 1), 4) for _ in range(n)]
        b = [round(random.gauss(10 + shift, 1), 4) for _ in range(m)]
        method = "exact" if n + m <= 60 else "asymptotic"
        rank_sum.append([a, b, min(1.0, float(stats.mannwhitneyu(a, b, method=method).pvalue))])
for n, m in [(3, 4), (5, 5), (6, 8)]:
    a = [float(random.choice([1, 2, 2, 3])) for _ in range(n)]
    b = [float(random.choice([2, 3, 3, 4])) for _ in range(m)]
    rank_sum.append([a, b, counted(a, b)])
a = [float(random.choice([1, 2, 2, 3])) for _ in range(35)]
b = [float(random.choice([2, 2, 3, 3, 1])) for _ in range(40)]
rank_sum.append([a, b, float(stats.mannwhitneyu(a, b, method="asymptotic").pvalue)])

trend = []
for n in [4, 5, 8, 12, 30, 60]:
    for slope in [0.0, 0.1]:
        values = [round(random.gauss(slope * i, 1), 4) for i in range(n)]
        trend.append([values, float(stats.kendalltau(range(n), values, method="asymptotic").pvalue)])
for n in [6, 20]:
    values = [float(random.choice([1, 1, 2, 3])) for _ in range(n)]
    trend.append([values, float(stats.kendalltau(range(n), values, method="asymptotic").pvalue)])

for name, vectors in [("signed_rank", signed), ("student", student), ("rank_sum", rank_sum), ("trend", trend)]:
    (here / f"{name}.json").write_text("[\n" + ",\n".join(json.dumps(v) for v in vectors) + "\n]\n")
