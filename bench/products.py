"""Measures the products of bench/PRODUCTS.md, ours and OpenBLAS's, and writes its tables of them.

    python3 bench/products.py [-rounds 5] [-micros 10000] [-only REGEXP] [-write]

Run it from the root of the repository with a Python that has PyTorch. Without -write the tables are printed; -only takes the
rows whose "type layout m·k·n" match, and prints them.

The clock of a machine moves by a fifth from one second to the next, with what its neighbours do. So both programs wait for
slices of 10 ms or two products, which are handed to them in turn: the peak of the processor, ours, OpenBLAS's, and again. Shares and ratios
are medians over rounds, each within one round. Rates on one thread are by the time of the thread, on one core
that all share; those on two are by the clock on the wall and want a quiet machine.
"""

import argparse
import collections
import os
import re
import statistics
import subprocess
import sys
import tempfile

PRODUCTS = """
256·256·256 NN NT TN, 512·512·512 NN NT TN, 1024·1024·1024 NN NT TN, 2048·2048·2048 NN,
64·784·512 NN NT, 784·64·512 TN, 64·512·10 NN NT, 512·64·10 TN, 10·64·512 TN,
36864·25·16 NN, 36864·25·32 NN NT, 36864·25·64 NN, 25·36864·32 TN, 6400·400·32 NN NT,
1024·900·64 NN NT, 900·1024·64 TN, 128·784·256 NT, 256·128·784 TN,
128·256·128 NT, 128·128·256 NN TN, 128·128·10 NT, 128·10·128 NN, 10·128·128 TN,
64·18032·64 NT, 64·64·18032 NN TN, 4096·64·64 NT NN, 64·4096·64 TN,
16384·64·64 NT NN, 64·16384·64 TN, 2708·1433·16 NT, 16·2708·1433 TN,
1·784·256 NT NN, 1·256·128 NT, 1·128·10 NT
"""
DOCUMENT = "bench/PRODUCTS.md"
HEAD = """| m·k·n | layout | 1 thread | of peak | 2 threads | AVX2 | of its peak | portable | OpenBLAS | ours / OpenBLAS |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|
"""
TYPICAL = {"float32": 160e3, "float64": 80e3}  # operations a µs
PEER = {"OPENBLAS_CORETYPE": "SkylakeX", "OPENBLAS_NUM_THREADS": "1"}


class Program:
    """A program that computes slices of products on request, on one core or on all."""

    def __init__(self, command, environment=None, pinned=True):
        core = max(os.sched_getaffinity(0))
        self.process = subprocess.Popen(
            command, env={**os.environ, **(environment or {})}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            bufsize=1, preexec_fn=(lambda: os.sched_setaffinity(0, {core})) if pinned else None)

    def rate(self, *request):
        """The rate of a slice in GFLOP/s."""
        print(*request, file=self.process.stdin, flush=True)
        for line in self.process.stdout:
            if line.startswith("rate "):
                return float(line.split()[1])
        raise RuntimeError(f"the program has ended on {request}")

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Programs:
    """The peak, ours on one core and on two, and PyTorch: each a process of its own, so that none begins warmer than another."""

    def __init__(self, tests, micros):
        ours = [tests, "-test.run=^$", "-test.bench=Slices", "-test.benchtime=1x"]
        self.micros = micros
        self.peak, self.one, self.two = Program(ours), Program(ours), Program(ours, pinned=False)
        self.peer = Program([sys.executable, "bench/peers/products_torch.py", "slices"], PEER)

    def round(self, product, portable):
        """One slice of everything, by column."""
        dtype, layout, m, k, n = product
        sizes, rates = (m, k, n), {}
        micros = max(self.micros, round(2 * 2 * m * k * n / TYPICAL[dtype]))
        for table in "avx512", "avx2":
            rates[table, "peak"] = self.peak.rate(table, dtype, "peak", 0, 0, 0, 1, micros)
            rates[table, 1] = self.one.rate(table, dtype, layout, *sizes, 1, micros)
            if table == "avx512":
                rates["peer"] = self.peer.rate(dtype, layout, *sizes, micros)
        rates["avx512", 2] = self.two.rate("avx512", dtype, layout, *sizes, 2, micros)
        if portable:
            rates["go", 1] = self.one.rate("go", dtype, layout, *sizes, 1, micros)
        return rates

    def end(self):
        for program in self.peak, self.one, self.two, self.peer:
            program.end()


def rows(rates, product):
    """The row of a product from its rounds, as Markdown."""
    _, layout, m, k, n = product

    def rate(column):
        return number(statistics.median(r[column] for r in rates if column in r))

    def ratio(column, other):
        return statistics.median(r[column] / r[other] for r in rates)

    cells = [f"{m}·{k}·{n}", layout, rate(("avx512", 1)), f"{100 * ratio(('avx512', 1), ('avx512', 'peak')):.0f} %",
             rate(("avx512", 2)), rate(("avx2", 1)), f"{100 * ratio(('avx2', 1), ('avx2', 'peak')):.0f} %", rate(("go", 1)),
             rate("peer"), f"{ratio(('avx512', 1), 'peer'):.2f}"]
    return "| " + " | ".join(cells) + " |\n"


def number(rate):
    """A rate with two or three figures."""
    return f"{rate:.1f}" if rate < 10 else f"{rate:.0f}"


def products(only):
    """All products, or those that match, by type."""
    wanted = collections.defaultdict(list)
    for dtype in "float32", "float64":
        for word in PRODUCTS.replace("\n", " ").split(","):
            shape, *layouts = word.split()
            for layout in layouts:
                if re.search(only, f"{dtype} {layout} {shape}"):
                    wanted[dtype].append((dtype, layout, *map(int, shape.split("·"))))
    return wanted


def measure(arguments):
    """The tables, as Markdown. Plain Go is slow and steady, and one round of it is enough."""
    text = ""
    with tempfile.TemporaryDirectory() as folder:
        tests = os.path.join(folder, "kernels.test")
        subprocess.run(["go", "test", "-c", "-o", tests, "./internal/kernels"], check=True)
        programs = Programs(tests, arguments.micros)
        for dtype, wanted in products(arguments.only).items():
            text += f"### {dtype}\n\n{HEAD}"
            for product in wanted:
                text += rows([programs.round(product, i == 0) for i in range(arguments.rounds)], product)
                print(*product, file=sys.stderr)
            text += "\n"
        programs.end()
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-rounds", type=int, default=5)
    parser.add_argument("-micros", type=int, default=10000, help="of a slice at least")
    parser.add_argument("-only", default="", help="rows whose type, layout and shape match")
    parser.add_argument("-write", action="store_true", help=f"put the tables into {DOCUMENT}")
    arguments = parser.parse_args()
    text = measure(arguments)
    if arguments.only or not arguments.write:
        print(text)
        return
    with open(DOCUMENT, encoding="utf-8") as f:
        document = f.read()
    start, end = document.index("### float32\n"), document.index("## Maths\n")
    with open(DOCUMENT, "w", encoding="utf-8") as f:
        f.write(document[:start] + text + document[end:])


main()
