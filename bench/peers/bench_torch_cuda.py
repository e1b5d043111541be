"""The workloads of bench_torch.py on an NVIDIA GPU: PyTorch eager, and torch.compile with --compile.

    python3 bench_torch_cuda.py --workloads mlp_mnist,cnn_mnist --modes infer,train [--compile] [--math tf32] [--seconds 1]

A row of JSON for every workload and mode, with the keys of `rpnc bench -json`; what fails is a row with an error. Steps are
timed one by one, each with a synchronisation at its end: the time until the loss can be read. Eager steps of training
capture nothing; --compile is torch.compile(mode="max-autotune-no-cudagraphs"), or "reduce-overhead" (CUDA graphs) with
--graphs. float32 products are exact unless --math says tf32 or bf16 (autocast).
"""
import argparse
import contextlib
import json
import os
import sys
import time

os.environ['BENCH_CHILD'] = '1'  # bench_torch imports torch then
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def quantiles(step, seconds, sync):
    """Times of steps in ms: one first step, a warm-up, then the given time."""
    begin = time.perf_counter()
    step()
    sync()
    first = time.perf_counter() - begin
    for _ in range(20):
        step()
    sync()
    times, begin = [], time.perf_counter()
    while len(times) < 20 or (time.perf_counter() - begin < seconds and len(times) < 5000):
        a = time.perf_counter()
        step()
        sync()
        times.append((time.perf_counter() - a) * 1e3)
        if time.perf_counter() - begin > 20:
            break
    times.sort()
    at = lambda f: times[min(len(times) - 1, int(f * len(times)))]
    return dict(median_ms=at(.5), p10_ms=at(.1), p90_ms=at(.9), iters=len(times), first_ms=first * 1e3)


def measure(B, torch, name, mode, a):
    """One row."""
    w = B.W()[name]
    torch.manual_seed(0)
    model = w['pt']()
    x, loss = w['x'](), w['loss']()
    params = sum(p.numel() for p in model.parameters())
    run = model
    if a.compile:
        run = torch.compile(model, mode='reduce-overhead' if a.graphs else 'max-autotune-no-cudagraphs')
    cast = torch.autocast('cuda', torch.bfloat16) if a.math == 'bf16' else contextlib.nullcontext()
    if mode == 'infer':
        model.eval()

        def step():
            with torch.no_grad(), cast:
                run(x)
    else:
        model.train()
        opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=2e-4, fused=True)

        def step():
            opt.zero_grad(set_to_none=True)
            with cast:
                y = loss(run(x))
            y.backward()
            opt.step()
    torch.cuda.reset_peak_memory_stats()
    r = quantiles(step, a.seconds, torch.cuda.synchronize)
    cost = w['cost']['F' if mode == 'infer' else 'Ft']
    r.update(flops=cost, gflops=cost / r['median_ms'] / 1e6, params=params, device_mb=torch.cuda.max_memory_allocated() / 2 ** 20)
    return r


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--workloads', required=True, help='names with commas between')
    ap.add_argument('--modes', default='infer,train')
    ap.add_argument('--math', default='f32', choices=['f32', 'tf32', 'bf16'])
    ap.add_argument('--compile', action='store_true', help='torch.compile')
    ap.add_argument('--graphs', action='store_true', help='with --compile: CUDA graphs')
    ap.add_argument('--seconds', type=float, default=1)
    ap.add_argument('--device', default='cuda', help='cpu tries the script out')
    a = ap.parse_args()
    import bench_torch as B
    import torch
    if a.device == 'cuda' and not torch.cuda.is_available():
        raise SystemExit('torch finds no CUDA device')
    if a.device == 'cuda':
        torch.set_default_device('cuda')
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = a.math == 'tf32'
    else:
        torch.cuda.synchronize = torch.cuda.reset_peak_memory_stats = lambda: None
        torch.cuda.max_memory_allocated = lambda: 0
        torch.optim.AdamW = lambda params, fused, adam=torch.optim.AdamW, **k: adam(params, **k)
    impl = 'torch ' + ('compiled' + (' graphs' if a.graphs else '') if a.compile else 'eager')
    known = B.W()
    for name in a.workloads.split(','):
        for mode in a.modes.split(','):
            row = dict(workload=name, impl=impl, mode=mode, math=a.math)
            try:
                if name not in known:
                    raise KeyError(f'no workload is called {name}')
                if mode not in known[name]['modes']:
                    continue
                row.update(measure(B, torch, name, mode, a))
            except Exception as e:  # noqa: a row that fails must not end the others
                row['error'] = f'{type(e).__name__}: {str(e)[:200]}'
            print(json.dumps(row), flush=True)


if __name__ == '__main__':
    main()
