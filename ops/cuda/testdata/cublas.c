// A cuBLAS that multiplies on the CPU, column by column as the real one, and writes down how it is called: see
// cublas_test.go. It refuses what the real one refuses. Settings make calls fail.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#ifndef CREATE
#define CREATE 0
#endif
#ifndef SETSTREAM
#define SETSTREAM 0
#endif
#ifndef WORKSPACE
#define WORKSPACE 0
#endif
#ifndef PRODUCT
#define PRODUCT 0
#endif
#ifndef LATER // products that work before PRODUCT is what they give
#define LATER 0
#endif

#define SAY(...) do { FILE *log_ = fopen(LOG, "a"); fprintf(log_, __VA_ARGS__); fputc('\n', log_); fclose(log_); } while (0)
#define H(x) ((unsigned long)(uintptr_t)(x))

static void *workspace;

int cublasCreate_v2(void **h) { SAY("Create"); *h = (void *)0xb1; return CREATE; }
int cublasDestroy_v2(void *h) { SAY("Destroy %lx", H(h)); return 0; }
int cublasSetStream_v2(void *h, void *s) { SAY("SetStream %lx %lx", H(h), H(s)); workspace = 0; return SETSTREAM; }
int cublasSetWorkspace_v2(void *h, void *p, size_t n) { SAY("SetWorkspace %lx %zu", H(h), n); workspace = p; return WORKSPACE; }
int cublasGetProperty(int which, int *v) { *v = which == 0 ? 12 : which == 1 ? 3 : 4; return which > 2; }

// number is element i as the computation sees it.
static double number(const void *p, int type, long long i, int compute) {
	if (type == 1) return ((const double *)p)[i];
	uint32_t x;
	memcpy(&x, (const char *)p + 4 * i, 4);
	if (compute == 77) x = (x + 0x1000) & ~0x1FFFu;                                       // TF32
	if (compute == 75) x = (x + 0x7FFF + (x >> 16 & 1)) & ~0xFFFFu;                       // BF16
	float f;
	memcpy(&f, &x, 4);
	return f;
}

#ifndef OLD
int cublasGemmStridedBatchedEx(void *h, int transa, int transb, int m, int n, int k, const void *alpha, const void *A, int Atype,
	int lda, long long strideA, const void *B, int Btype, int ldb, long long strideB, const void *beta, void *C, int Ctype, int ldc,
	long long strideC, int batch, int compute, int algo) {
	static int calls;
	SAY("Gemm %lx %d%d %d %d %d ld %d %d %d steps %lld %lld %lld batch %d types %d%d%d compute %d algo %d", H(h), transa, transb, m, n, k,
		lda, ldb, ldc, strideA, strideB, strideC, batch, Atype, Btype, Ctype, compute, algo);
	if (calls++ >= LATER && PRODUCT) return PRODUCT;
	if (m < 1 || n < 1 || k < 1 || batch < 1 || lda < (transa ? k : m) || ldb < (transb ? n : k) || ldc < m) return 7;
	if (Atype != Btype || Btype != Ctype || (Ctype == 1) != (compute == 70) || !workspace) return 15;
	double one = Ctype == 1 ? *(const double *)alpha : *(const float *)alpha, old = Ctype == 1 ? *(const double *)beta : *(const float *)beta;
	for (int b = 0; b < batch; b++)
		for (int i = 0; i < m; i++)
			for (int j = 0; j < n; j++) {
				double sum = 0;
				for (int l = 0; l < k; l++)
					sum += number(A, Atype, b * strideA + (transa ? l + (long long)i * lda : i + (long long)l * lda), compute) *
						number(B, Btype, b * strideB + (transb ? j + (long long)l * ldb : l + (long long)j * ldb), compute);
				long long at = b * strideC + i + (long long)j * ldc;
				sum *= one;
				if (old != 0) sum += old * number(C, Ctype, at, 0);
				if (Ctype == 1) ((double *)C)[at] = sum;
				else ((float *)C)[at] = (float)sum;
			}
	return 0;
}
#endif
