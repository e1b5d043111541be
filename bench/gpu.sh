#!/usr/bin/env bash
# Everything that a machine with an NVIDIA GPU can show about rpnc, by one command. See usage below.
set -uo pipefail

usage() {
	cat <<'TEXT'
usage: gpu.sh build DIR            builds static binaries into DIR, with this script, the golden vectors and the peers beside them
       gpu.sh [-o OUT] [-s SECONDS] [PART…]

Run from such a DIR, or from a checkout with Go, which it builds from first. Parts, all of them without a name, in this order:

  device    the card, and that a training runs on it
  kernels   every kernel in f32 and f64 against the oracle on the CPU, products on tensor cores, odd lengths
  golden    the golden vectors, computed on the card
  training  200 steps of MLP, CNN, RNN, GAT and Transformer against the CPU's states (1e-4 in f32, 1e-10 in f64 of the
            largest gradient), the same bits twice, copies, launches and waits a step
  ceilings  the rates of a copy and of products in f32, tf32, bf16 and f64
  suite     times of steps: rpnc bench -device cuda for every maths; the first step included
  products  the same of large batches with our kernels, with cuBLAS, and with whoever is faster; wants cuBLAS
  peers     the same workloads in PyTorch, eager and compiled, and a table of both; wants python3 with torch 2 and a GPU
  sanitizer compute-sanitizer over the kernels; wants compute-sanitizer

A part that fails does not stop the others; the summary at the end lists them, and the exit status is 1 if one failed. Logs and
rows of JSON go to OUT (./gpu-results). SECONDS (1) is the time for a measurement. RPNC_PYTHON names an interpreter.
TEXT
}

here=$(cd "$(dirname "$0")" && pwd)
all_parts=(device kernels golden training ceilings suite products peers sanitizer)
# Workloads with batches that fill a card, beside those of the suite.
large=s_mlp_b1024,s_cnn_b1024,s_kan_b1024,s_dlphm_b1024,s_chain_h1_L2048,s_attn_b512,s_gcn_N20000,s_gat_N5000

# build DIR: binaries that need nothing but the C library and the driver where they run.
build() {
	local dir=$1 root
	root=$(cd "$here/.." && pwd)
	mkdir -p "$dir/golden" && dir=$(cd "$dir" && pwd) || return 1
	(
		cd "$root" && export CGO_ENABLED=0 &&
			go build -o "$dir/rpnc" ./cmd/rpnc &&
			go test -c -o "$dir/cuda.test" ./ops/cuda &&
			go test -c -o "$dir/compile.test" ./compile &&
			go test -c -o "$dir/models.test" ./models &&
			cp -f testdata/golden/* "$dir/golden/" &&
			cp -f bench/peers/bench_torch.py bench/peers/bench_torch_cuda.py "$dir/" &&
			{ [ "$dir/gpu.sh" -ef bench/gpu.sh ] || cp bench/gpu.sh "$dir/gpu.sh"; }
	)
}

# python: an interpreter with torch; fails where there is none.
python() {
	local p
	for p in "${RPNC_PYTHON:-}" python3 /usr/bin/python3; do
		if [ -n "$p" ] && "$p" -c 'import torch' 2>/dev/null; then
			printf '%s\n' "$p"
			return
		fi
	done
	return 1
}

# gotest BINARY PATTERN: tests that fail where they cannot have a GPU.
gotest() {
	(cd "$work" && RPNC_REQUIRE_GPU=1 RPNC_GOLDEN_DIR="$bin/golden" "$bin/$1" -test.v -test.timeout 30m -test.run "$2")
}

part_device() {
	if command -v nvidia-smi >/dev/null; then
		nvidia-smi
	else
		echo "nvidia-smi is not on the PATH"
	fi
	"$bin/rpnc" train -data iris -device cuda -require-device -epochs 2
}

part_kernels() { gotest cuda.test 'OnTheGPU|OnTensorCores|RoundFactors'; }
part_golden() { gotest models.test 'GoldenOnTheGPU'; }
part_training() { gotest compile.test 'Device|Models|TensorCores'; }
part_ceilings() { gotest cuda.test 'Ceilings/gpu'; }

# A row that fails says so in its error; the suite goes on, and the part fails.
part_suite() {
	local math
	for math in f32 tf32 bf16; do
		"$bin/rpnc" bench -device cuda -require-device -math "$math" -threads "$(nproc)" -seconds "$seconds" -json \
			-workloads "suite,$large" >"$out/suite-$math.jsonl" || return 1
		echo "$math: $(grep -c . "$out/suite-$math.jsonl") rows, $(grep -c '"error"' "$out/suite-$math.jsonl") with an error"
	done
	"$bin/rpnc" bench -device cpu -threads "$(nproc)" -seconds "$seconds" -json -workloads "suite,$large" >"$out/suite-cpu.jsonl" || return 1
	! sed -n 's/.*"workload":"\([^"]*\)".*"mode":"\([^"]*\)".*"error":"\([^"]*\).*/\1 \2: \3/p' "$out"/suite-*.jsonl | grep .
}

# bench_products MATH WHO: rows of large batches.
bench_products() {
	"$bin/rpnc" bench -device cuda -require-device -math "$1" -products "$2" -threads "$(nproc)" -seconds "$seconds" -json -workloads "$large"
}

# medians FILE: a line for every row with its median in ms, or with what went wrong.
medians() {
	sed -n 's/.*"workload":"\([^"]*\)".*"mode":"\([^"]*\)".*"median_ms":\([0-9.e-]*\).*/\1 \2 \3/p' "$1"
}

part_products() {
	local math who
	for math in f32 tf32 bf16; do
		for who in own size cublas fastest; do
			bench_products "$math" "$who" >"$out/products-$math-$who.jsonl" || return 1
			if [ "$who" = cublas ] && grep -q "to be cuBLAS's" "$out/products-$math-$who.jsonl"; then
				echo "there is no cuBLAS that can be used; RPNC_LIBCUBLAS names a file"
				return 77
			fi
		done
		echo "== $math: ms with own, size, cublas, fastest"
		paste -d ' ' <(medians "$out/products-$math-own.jsonl") <(medians "$out/products-$math-size.jsonl" | cut -d ' ' -f 3) \
			<(medians "$out/products-$math-cublas.jsonl" | cut -d ' ' -f 3) <(medians "$out/products-$math-fastest.jsonl" | cut -d ' ' -f 3)
	done
	! grep -l '"error"' "$out"/products-*.jsonl
}

part_peers() {
	local p names math kind
	p=$(python) || { echo "no python3 can import torch"; return 77; }
	names=$("$bin/rpnc" bench -list | awk '$1 !~ /^s_/ { printf "%s%s", sep, $1; sep = "," }'),$large
	for math in f32 tf32; do
		for kind in eager compiled graphs; do
			local flags=()
			[ "$kind" = eager ] || flags+=(--compile)
			[ "$kind" = graphs ] && flags+=(--graphs)
			"$p" "$bin/bench_torch_cuda.py" --workloads "$names" --math "$math" --seconds "$seconds" "${flags[@]}" >"$out/$kind-$math.jsonl" || return 1
		done
		echo "== $math"
		table "$p" "$out/suite-$math.jsonl" "$out/eager-$math.jsonl" "$out/compiled-$math.jsonl" "$out/graphs-$math.jsonl"
	done
}

# table PYTHON OURS EAGER COMPILED GRAPHS: medians in ms, and how many times as long the best peer takes.
table() {
	local p=$1
	shift
	"$p" - "$@" <<'PY'
import json, math, sys

def rows(name):
    try:
        with open(name) as f:
            return {(r['workload'], r['mode']): r for r in map(json.loads, f)}
    except OSError:
        return {}

files = [rows(name) for name in sys.argv[1:]]
show = lambda r: '%10.3f' % r['median_ms'] if r and r.get('median_ms') else '%10s' % '–'
print('%-22s %-6s %10s %10s %10s %10s %8s %10s' % ('workload', 'mode', 'rpnc ms', 'eager', 'compiled', 'graphs', 'ratio', 'first ms'))
ratios = []
for key, ours in files[0].items():
    peers = [f.get(key) for f in files[1:]]
    times = [r['median_ms'] for r in peers if r and r.get('median_ms')]
    ratio = min(times) / ours['median_ms'] if times and ours.get('median_ms') else 0
    if ratio:
        ratios.append(ratio)
    first = ours.get('build_ms', 0) + ours.get('compile_ms', 0) + ours.get('first_ms', 0)
    print('%-22s %-6s %s %s %8.2f %10.1f' % (*key, show(ours), ' '.join(map(show, peers)), ratio, first))
if ratios:
    print('geometric mean of %d ratios to the best peer: %.2f' % (len(ratios), math.exp(sum(map(math.log, ratios)) / len(ratios))))
PY
}

part_sanitizer() {
	command -v compute-sanitizer >/dev/null || { echo "compute-sanitizer is not on the PATH"; return 77; }
	local tool
	for tool in memcheck racecheck synccheck; do
		echo "== $tool"
		(cd "$work" && RPNC_REQUIRE_GPU=1 compute-sanitizer --tool "$tool" --error-exitcode 9 "$bin/cuda.test" \
			-test.timeout 60m -test.run 'KernelsMatchTheOracleOnTheGPU') || return 1
	done
}

# run PART: 0 is passed, 77 left out, anything else failed.
run() {
	case $1 in
	device) part_device ;;
	kernels) part_kernels ;;
	golden) part_golden ;;
	training) part_training ;;
	ceilings) part_ceilings ;;
	suite) part_suite ;;
	products) part_products ;;
	peers) part_peers ;;
	sanitizer) part_sanitizer ;;
	esac
}

out=./gpu-results seconds=1
if [ "${1:-}" = build ]; then
	[ $# -eq 2 ] || { usage >&2; exit 2; }
	build "$2"
	exit
fi
while getopts 'o:s:h' flag; do
	case $flag in
	o) out=$OPTARG ;;
	s) seconds=$OPTARG ;;
	h) usage; exit ;;
	*) usage >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] && all_parts=("$@")
for part in "${all_parts[@]}"; do
	[[ " device kernels golden training ceilings suite products peers sanitizer " == *" $part "* ]] || { echo "gpu.sh: there is no part $part" >&2; usage >&2; exit 2; }
done

mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
bin=$here
if [ ! -x "$bin/rpnc" ]; then
	command -v go >/dev/null || { echo "gpu.sh: neither binaries beside it nor Go; run gpu.sh build DIR in a checkout" >&2; exit 1; }
	bin=$work/bin
	build "$bin" || { echo "gpu.sh: the build failed" >&2; exit 1; }
fi

summary=() failed=0
for part in "${all_parts[@]}"; do
	printf '\n== %s (%ds)\n' "$part" "$SECONDS"
	began=$SECONDS
	run "$part" 2>&1 | tee "$out/$part.log"
	status=${PIPESTATUS[0]}
	case $status in
	0) verdict=passed ;;
	77) verdict="left out: $(tail -n 1 "$out/$part.log")" ;;
	*) verdict="FAILED ($status), see $out/$part.log" failed=1 ;;
	esac
	summary+=("$(printf '%-10s %4ds  %s' "$part" $((SECONDS - began)) "$verdict")")
done

printf '\n== summary\n'
printf '%s\n' "${summary[@]}"
grep -h '^ceiling: \|^golden on ' "$out"/*.log 2>/dev/null
exit "$failed"
