"""Measures the products of bench/PRODUCTS.md, ours and OpenBLAS's, and writes its tables of them.

    python3 bench/products.py [-rounds 3] [-write]

Run it from the root of the repository with a Python that has PyTorch. Without -write the tables are printed. Rounds of both
programs alternate, and a figure is the best of all rounds: what else the machine does only ever takes away.
A round takes half a minute. Rates on one thread are by the time of the thread, so that other jobs disturb them
through caches and the clock alone; those on two are by the clock on the wall and want a quiet machine.
"""

import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

PEAKS = {  # GFLOP/s of a core: the fastest that any product was
    ("avx512", "float32"): 206, ("avx512", "float64"): 103,
    ("avx2", "float32"): 124, ("avx2", "float64"): 62,
}
DOCUMENT = "bench/PRODUCTS.md"
HEAD = """| m·k·n | layout | 1 thread | of peak | 2 threads | AVX2 | of its peak | portable | OpenBLAS | ours / OpenBLAS |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|
"""
LINE = re.compile(r"BenchmarkProducts/table=(\w+)/type=(\w+)/layout=(\w+)/m=(\d+)/k=(\d+)/n=(\d+)/cores=(\d).*?([\d.]+) GFLOPS")


class Rates:
    """The best rate of every product: rates[table, cores][type, layout, m, k, n]."""

    def __init__(self):
        self.best = collections.defaultdict(lambda: collections.defaultdict(float))

    def add(self, column, product, rate):
        self.best[column][product] = max(self.best[column][product], rate)

    def ours(self, program, table, cores):
        """One round of ours: the products with one table on a number of cores."""
        pattern = f"Products/table={table}$/.*/.*/.*/.*/.*/cores={cores}$"
        command = [program, "-test.run=^$", f"-test.bench={pattern}", "-test.benchtime=1x"]
        for line in output(command, {}):
            if match := LINE.match(line):
                *where, rate = match.groups()
                table, dtype, layout, m, k, n, cores = where
                self.add((table, int(cores)), (dtype, layout, int(m), int(k), int(n)), float(rate))

    def peer(self):
        """One round of PyTorch."""
        command = [sys.executable, "bench/peers/products_torch.py", "products"]
        for line in output(command, {"OPENBLAS_CORETYPE": "SkylakeX", "OPENBLAS_NUM_THREADS": "1"}):
            row = json.loads(line)
            self.add("peer", (row["type"], row["layout"], row["m"], row["k"], row["n"]), row["gflops"])

    def table(self, dtype):
        """The table of one type, as Markdown."""
        rows = [HEAD]
        for product in self.best["avx512", 1]:
            if product[0] != dtype:
                continue
            _, layout, m, k, n = product
            one, two, narrow, plain, peer = (
                self.best[column][product] for column in (("avx512", 1), ("avx512", 2), ("avx2", 1), ("go", 1), "peer"))
            cells = [f"{m}·{k}·{n}", layout, number(one), share(one, "avx512", dtype), number(two), number(narrow),
                     share(narrow, "avx2", dtype), number(plain), number(peer), f"{one / peer:.2f}" if peer else "–"]
            rows.append("| " + " | ".join(cells) + " |\n")
        return "".join(rows)


def output(command, environment):
    """The lines that a command prints."""
    done = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()


def number(rate):
    """A rate with two or three figures, or a dash where none was taken."""
    return "–" if not rate else f"{rate:.1f}" if rate < 10 else f"{rate:.0f}"


def share(rate, table, dtype):
    return f"{100 * rate / PEAKS[table, dtype]:.0f} %" if rate else "–"


def measure(rounds):
    """Rounds of all programs in turn; plain Go is slow and steady, and one round is enough."""
    rates = Rates()
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "kernels.test")
        subprocess.run(["go", "test", "-c", "-o", program, "./internal/kernels"], check=True)
        for i in range(rounds):
            for table, cores in ("avx512", 1), ("avx2", 1), ("avx512", 2), ("go", 1):
                if table != "go" or i == 0:
                    rates.ours(program, table, cores)
            rates.peer()
            print(f"round {i + 1} of {rounds}", file=sys.stderr)
    return rates


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-rounds", type=int, default=3)
    parser.add_argument("-write", action="store_true", help=f"put the tables into {DOCUMENT}")
    arguments = parser.parse_args()
    rates = measure(arguments.rounds)
    text = "".join(f"### {dtype}\n\n{rates.table(dtype)}\n" for dtype in ("float32", "float64"))
    if not arguments.write:
        print(text)
        return
    with open(DOCUMENT, encoding="utf-8") as f:
        document = f.read()
    start, end = document.index("### float32\n"), document.index("## Maths\n")
    with open(DOCUMENT, "w", encoding="utf-8") as f:
        f.write(document[:start] + text + document[end:])


main()
