"""Rates of PyTorch's products and maths on one thread, in the shapes of bench/PRODUCTS.md.

    OPENBLAS_CORETYPE=SkylakeX OPENBLAS_NUM_THREADS=1 python3 bench/peers/products_torch.py [products]

OPENBLAS_CORETYPE names the kernels of OpenBLAS for AVX-512, which it does not choose by itself on processors that
it does not know. A rate is that of the fastest round of some 100 µs, of the thread, as in internal/kernels/products_bench_test.go.
"""

import json
import math
import sys
import time

import torch

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

MATHS = {
    "exp": torch.exp, "log": torch.log, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "sin": torch.sin,
    "cos": torch.cos, "expm1": torch.expm1, "log1p": torch.log1p, "softplus": torch.nn.functional.softplus,
    "erf": torch.erf, "sqrt": torch.sqrt, "recip": torch.reciprocal, "sinh": torch.sinh, "cosh": torch.cosh,
    "asin": torch.asin, "acos": torch.acos, "atan": torch.atan, "asinh": torch.asinh, "acosh": torch.acosh, "atanh": torch.atanh,
}
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


def product(m, k, n, layout, dtype):
    """GFLOP/s of (m×k)·(k×n)."""
    a = torch.rand(k, m, dtype=dtype).t() if layout == "TN" else torch.rand(m, k, dtype=dtype)
    b = torch.rand(n, k, dtype=dtype).t() if layout == "NT" else torch.rand(k, n, dtype=dtype)
    c = torch.empty(m, n, dtype=dtype)
    return 2e-9 * m * n * k / best(lambda: torch.mm(a, b, out=c))


def main():
    torch.set_num_threads(1)
    for dtype, name in (torch.float32, "float32"), (torch.float64, "float64"):
        for word in PRODUCTS.replace("\n", " ").split(","):
            shape, *layouts = word.split()
            m, k, n = map(int, shape.split("·"))
            for layout in layouts:
                rate = product(m, k, n, layout, dtype)
                print(json.dumps({"type": name, "layout": layout, "m": m, "k": k, "n": n, "gflops": round(rate, 1)}))
                sys.stdout.flush()
        if sys.argv[1:] != ["products"]:
            maths(dtype, name)


def maths(dtype, name):
    x = 8 * torch.rand(LENGTH, dtype=dtype) + 0.5
    for op, f in MATHS.items():
        y = torch.empty_like(x)
        call = (lambda: f(x)) if op == "softplus" else (lambda: f(x, out=y))
        print(json.dumps({"type": name, "map": op, "ns": round(best(call) / LENGTH * 1e9, 3)}))


main()
