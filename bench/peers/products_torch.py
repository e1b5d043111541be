"""Rates of PyTorch's maths on one thread, and of its products for bench/products.py.

    OPENBLAS_CORETYPE=SkylakeX OPENBLAS_NUM_THREADS=1 python3 bench/peers/products_torch.py [slices]

OPENBLAS_CORETYPE names the kernels of OpenBLAS for AVX-512, which it does not choose by itself on processors that
it does not know. With slices it reads lines "type layout m k n µs", computes each product again and again for
its time, and answers with its rate by the time of the thread, as internal/kernels/products_bench_test.go does. Without,
it prints the time of maps.
"""

import json
import math
import sys
import time

import torch

MATHS = {
    "exp": torch.exp, "log": torch.log, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "sin": torch.sin,
    "cos": torch.cos, "expm1": torch.expm1, "log1p": torch.log1p, "softplus": torch.nn.functional.softplus,
    "erf": torch.erf, "sqrt": torch.sqrt, "recip": torch.reciprocal, "sinh": torch.sinh, "cosh": torch.cosh,
    "asin": torch.asin, "acos": torch.acos, "atan": torch.atan, "asinh": torch.asinh, "acosh": torch.acosh, "atanh": torch.atanh,
}
TYPES = {"float32": torch.float32, "float64": torch.float64}
LENGTH = 4096  # elements of a map: in L1


def best(f, seconds=0.04):
    """The least time of one call of f."""
    f()
    begin = time.thread_time()
    f()
    calls = 1 + int(1e-4 / max(time.thread_time() - begin, 1e-9))
    least, begin = math.inf, time.thread_time()
    while time.thread_time() - begin < seconds:
        start = time.thread_time()
        for _ in range(calls):
            f()
        least = min(least, (time.thread_time() - start) / calls)
    return least


def operands(dtype, layout, m, k, n):
    """Factors and a result of (m×k)·(k×n)."""
    a = torch.rand(k, m, dtype=dtype).t() if layout == "TN" else torch.rand(m, k, dtype=dtype)
    b = torch.rand(n, k, dtype=dtype).t() if layout == "NT" else torch.rand(k, n, dtype=dtype)
    return a, b, torch.empty(m, n, dtype=dtype)


def rate(a, b, c, seconds):
    """GFLOP/s of one product, computed for some time after half as much to warm up."""
    begin = time.thread_time()
    while True:
        torch.mm(a, b, out=c)
        if time.thread_time() - begin >= seconds / 2:
            break
    calls, step, begin = 0, 1, time.thread_time()
    while True:
        for _ in range(step):
            torch.mm(a, b, out=c)
        calls += step
        took = time.thread_time() - begin
        if took >= seconds:
            return 2e-9 * a.shape[0] * a.shape[1] * b.shape[1] * calls / took
        step = min(2 * step, 64)


def slices():
    """Answers the lines of standard input."""
    made, of = None, None
    for line in sys.stdin:
        dtype, layout, *sizes, micros = line.split()
        if of != (dtype, layout, sizes):
            made, of = operands(TYPES[dtype], layout, *map(int, sizes)), (dtype, layout, sizes)
        print(f"rate {rate(*made, float(micros) / 1e6):.2f}", flush=True)


def maths(dtype, name):
    """Prints ns an element of every map."""
    x = 8 * torch.rand(LENGTH, dtype=dtype) + 0.5
    for op, f in MATHS.items():
        y = torch.empty_like(x)
        call = (lambda: f(x)) if op == "softplus" else (lambda: f(x, out=y))
        print(json.dumps({"type": name, "map": op, "ns": round(best(call) / LENGTH * 1e9, 3)}))


def main():
    torch.set_num_threads(1)
    if sys.argv[1:] == ["slices"]:
        slices()
        return
    for name, dtype in TYPES.items():
        maths(dtype, name)


main()
