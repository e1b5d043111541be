"""Writes the tables of bench/RESULTS.md from the rows that `rpnc bench -json` printed.

    python3 bench/results.py [-reference ROWS] [-sweeps ROWS] [-epochs ROWS] ROWS

ROWS are files of JSON lines: of the suite with `-peers`, of the reference (`bench/peers/bench_torch.py` with TINYBIG_PATH),
of `-workloads sweeps`, and of `-mode epoch -peers`. Of several rounds the median counts. A table whose rows are not given stays
as it is; the text around the tables is written by hand, for which the means are printed. Run it from the root of the repository.
"""

import argparse
import collections
import json
import math
import re
import statistics

DOCUMENT = "bench/RESULTS.md"
HEAD = """| workload | mode | threads | rpnc ms | torch ms | ratio | reference ms | ratio | GFLOP/s | of floor | MB | torch MB | instr. (kernels) | compile ms | first | allocs |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
"""
EPOCHS = {"mlp_mnist": "mlp 784-256-128-10, batch 128", "taylor_dlphm_mnist": "taylor order 2, dual LPHM, batch 64", "cnn_mnist": "cnn 1-16-32, batch 64"}
SWEEPS = [
    ("rows of a batch", [16, 64, 256, 1024], [("mlp", "s_mlp_b{}"), ("cnn", "s_cnn_b{}"), ("kan", "s_kan_b{}"), ("taylor dual LPHM", "s_dlphm_b{}")]),
    ("length of a chain", [32, 128, 512, 2048, 8192],
     [("h = 1", "s_chain_h1_L{}"), ("4 hops", "s_chain_mh4_L{}"), ("inverse", "s_chain_inv_L{}"), ("exponential", "s_chain_exp_L{}")]),
    ("heads", [1, 4, 16], [("grid", "s_grid_w{}"), ("attention", "s_attn_w{}")]),
    ("nodes of a graph, 4 directed edges each", [1000, 5000, 20000, 100000], [("gcn", "s_gcn_N{}"), ("gat", "s_gat_N{}")]),
    ("columns", [32, 128, 256], [("pairs of columns", "s_comb_m{}")]),
]


def median_rows(path):
    """The rows of a file by (workload, implementation, mode, threads): medians of their numbers over all rounds."""
    rounds = collections.defaultdict(list)
    if path:
        with open(path) as lines:
            for row in map(json.loads, lines):
                rounds[row["workload"], row["impl"], row["mode"], row["threads"]].append(row)
    return {key: {name: middle([r[name] for r in rows if name in r]) for name in rows[0]} for key, rows in rounds.items()}


def middle(values):
    """The median of numbers, the first of anything else."""
    if all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values):
        return statistics.median(values)
    return values[0]


def time(ms):
    """Milliseconds with three significant figures, and at most three places."""
    return f"{ms:.3f}" if ms < 1 else f"{ms:.2f}" if ms < 10 else f"{ms:.1f}" if ms < 100 else f"{ms:.0f}"


def suite(rows, reference):
    """The table of the suite, and what its ratios come to."""
    lines, ratios, times, shares = [HEAD], {}, {}, {}
    for (workload, impl, mode, threads), row in rows.items():
        if impl != "rpnc":
            continue
        key = workload, mode, threads
        peer, older = rows.get((workload, "torch", mode, threads)), reference.get((workload, "tinybig", mode, threads))
        shares[key] = row["floor_ms"] / row["median_ms"]
        if peer:
            ratios[key] = peer["median_ms"] / row["median_ms"]
        if older:
            times[key] = older["median_ms"] / row["median_ms"]
        cells = [
            workload, mode, threads, time(row["median_ms"]), time(peer["median_ms"]) if peer else "–", f"{ratios[key]:.2f}" if peer else "–",
            time(older["median_ms"]) if older else "–", f"{times[key]:.1f}" if older else "–", f"{row['flops'] / row['median_ms'] / 1e6:.0f}",
            f"{100 * shares[key]:.0f} %", f"{row['peak_rss_mb']:.0f}", f"{peer['peak_rss_mb']:.0f}" if peer else "–",
            f"{row['instructions']:.0f} ({row['kernels']:.0f})", f"{row['compile_ms']:.0f}", time(row["first_ms"]), f"{row['allocs']:.0f}",
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |\n")
    report(ratios, times, shares)
    return "".join(lines)


def report(ratios, times, shares):
    """Prints the means for the text of the document."""
    for name, values in (("torch / rpnc", ratios), ("on 1 thread", {k: v for k, v in ratios.items() if k[2] == 1}),
                         ("on 2 threads", {k: v for k, v in ratios.items() if k[2] == 2}), ("reference / rpnc", times)):
        if values:
            least = min(values, key=values.get)
            mean = math.exp(statistics.fmean(map(math.log, values.values())))
            print(f"{name}: geometric mean {mean:.2f} over {len(values)} rows, least {values[least]:.2f} ({' '.join(map(str, least))})")
    print(f"{sum(s >= 0.7 for s in shares.values())} of {len(shares)} rows reach 70 % of their floor")


def epochs(rows):
    """The table of epochs, in seconds."""
    lines = ["| model | rpnc | torch | ratio |\n|---|--:|--:|--:|\n"]
    for workload, name in EPOCHS.items():
        ours, peer = (rows.get((workload, impl, "epoch", 2), {}).get("median_ms", 0) / 1000 for impl in ("rpnc", "torch"))
        lines.append(f"| {name} | {ours:.3g} | " + (f"{peer:.3g} | {peer / ours:.2f} |\n" if ours and peer else "– | – |\n"))
    return "".join(lines)


def sweep(rows, head, sizes, families):
    """One table of how cost grows: inference / training."""
    lines = [f"| {head} | " + " | ".join(f"{n:,}" for n in sizes) + " |\n|---|" + "--:|" * len(sizes) + "\n"]
    for name, pattern in families:
        cells = []
        for n in sizes:
            infer, train = (rows.get((pattern.format(n), "rpnc", mode, 1)) for mode in ("infer", "train"))
            cells.append(f"{time(infer['median_ms'])} / {time(train['median_ms'])}" if infer and train else "–")
        lines.append(f"| {name} | " + " | ".join(cells) + " |\n")
    return "".join(lines)


def replace(document, head, table):
    """The document with another table where one begins with that head."""
    pattern = re.compile(rf"^\| {re.escape(head)} \|(?:.*\n)(?:\|.*\n?)*", re.MULTILINE)
    if not pattern.search(document):
        raise SystemExit(f"{DOCUMENT} has no table that begins with the column {head!r}")
    return pattern.sub(lambda _: table, document, count=1)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("-reference", "-sweeps", "-epochs"):
        arguments.add_argument(name, metavar="ROWS")
    arguments.add_argument("rows", metavar="ROWS")
    given = arguments.parse_args()
    with open(DOCUMENT) as file:
        document = file.read()
    document = replace(document, "workload", suite(median_rows(given.rows), median_rows(given.reference)))
    if given.epochs:
        document = replace(document, "model", epochs(median_rows(given.epochs)))
    if given.sweeps:
        rows = median_rows(given.sweeps)
        for head, sizes, families in SWEEPS:
            document = replace(document, head, sweep(rows, head, sizes, families))
    with open(DOCUMENT, "w") as file:
        file.write(document)


if __name__ == "__main__":
    main()
