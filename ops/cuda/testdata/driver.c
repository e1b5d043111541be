// A CUDA driver that does nothing but write down how it is called: see driver_test.go. Settings make calls fail;
// with MEMORY that of the device is the host's, so that copies copy.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef INIT
#define INIT 0
#endif
#ifndef COUNT
#define COUNT 1
#endif
#ifndef MAJOR
#define MAJOR 9
#endif
#ifndef RETAIN
#define RETAIN 0
#endif
#ifndef STREAM
#define STREAM 0
#endif
#ifndef LAUNCH
#define LAUNCH 0
#endif
#ifndef LOAD
#define LOAD 0
#endif
#ifndef ALLOC
#define ALLOC 0
#endif
#ifndef DTOH
#define DTOH 0
#endif

#define SAY(...) do { FILE *log_ = fopen(LOG, "a"); fprintf(log_, __VA_ARGS__); fputc('\n', log_); fclose(log_); } while (0)
#define H(x) ((unsigned long)(uintptr_t)(x))

int cuInit(unsigned flags) { SAY("Init %u", flags); return INIT; }
int cuDriverGetVersion(int *v) { *v = 12040; return 0; }
int cuDeviceGetCount(int *n) { *n = COUNT; return 0; }
int cuDeviceGet(int *d, int i) { *d = 7 + i; return 0; }
int cuDeviceGetName(char *s, int n, int d) { snprintf(s, n, "%s", d == 7 ? "Fake Card" : "?"); return 0; }
int cuDeviceGetAttribute(int *v, int a, int d) { *v = a == 75 && d == 7 ? MAJOR : 0; return 0; }
int cuDevicePrimaryCtxRetain(void **c, int d) { SAY("Retain %d", d); *c = (void *)0xc0; return RETAIN; }
int cuDevicePrimaryCtxRelease_v2(int d) { SAY("Release %d", d); return 0; }
int cuCtxSetCurrent(void *c) { SAY("SetCurrent %lx", H(c)); return 0; }
int cuStreamCreate(void **s, unsigned flags) { SAY("StreamCreate %u", flags); *s = (void *)0x51; return STREAM; }
int cuStreamDestroy_v2(void *s) { SAY("StreamDestroy %lx", H(s)); return 0; }
int cuStreamSynchronize(void *s) { SAY("Synchronize %lx", H(s)); return 0; }
#ifdef MEMORY
int cuMemAlloc_v2(uint64_t *p, size_t n) { *p = (uint64_t)(uintptr_t)malloc(n); SAY("Alloc %zu", n); return *p ? 0 : 2; }
int cuMemFree_v2(uint64_t p) { free((void *)(uintptr_t)p); SAY("Free"); return 0; }
int cuMemcpyHtoD_v2(uint64_t d, const void *s, size_t n) { memcpy((void *)(uintptr_t)d, s, n); return 0; }
int cuMemcpyDtoH_v2(void *d, uint64_t s, size_t n) { memcpy(d, (const void *)(uintptr_t)s, n); return 0; }
#else
int cuMemAlloc_v2(uint64_t *p, size_t n) { *p = 0x5000; SAY("Alloc %zu = %lx", n, (unsigned long)*p); return ALLOC; }
int cuMemFree_v2(uint64_t p) { SAY("Free %lx", (unsigned long)p); return 0; }
int cuMemcpyHtoD_v2(uint64_t d, const void *s, size_t n) { SAY("HtoD %lx %zu bytes, first %d", (unsigned long)d, n, *(const char *)s); return 0; }
int cuMemcpyDtoH_v2(void *d, uint64_t s, size_t n) { SAY("DtoH %lx %zu bytes", (unsigned long)s, n); memset(d, 0, n); return DTOH; }
#endif
int cuMemHostAlloc(void **p, size_t n, unsigned flags) { static char host[4096]; SAY("HostAlloc %zu %u", n, flags); *p = host; return n > sizeof host; }
int cuMemFreeHost(void *p) { SAY("FreeHost"); return p == 0; }
int cuMemcpyHtoDAsync_v2(uint64_t d, const void *s, size_t n, void *q) { SAY("HtoDAsync %lx %zu bytes, first %d, %lx", (unsigned long)d, n, *(const char *)s, H(q)); return 0; }
int cuMemcpyDtoHAsync_v2(void *d, uint64_t s, size_t n, void *q) { SAY("DtoHAsync %lx %zu bytes, %lx", (unsigned long)s, n, H(q)); memset(d, 0, n); return DTOH; }
int cuEventCreate(void **e, unsigned flags) { static unsigned long next = 0xe0; *e = (void *)++next; SAY("EventCreate %u = %lx", flags, next); return 0; }
int cuEventRecord(void *e, void *s) { SAY("EventRecord %lx %lx", H(e), H(s)); return 0; }
int cuEventSynchronize(void *e) { SAY("EventSynchronize %lx", H(e)); return 0; }
int cuEventElapsedTime(float *ms, void *a, void *b) { SAY("ElapsedTime %lx %lx", H(a), H(b)); *ms = 1.5f; return 0; }
int cuEventDestroy_v2(void *e) { SAY("EventDestroy %lx", H(e)); return 0; }
int cuModuleUnload(void *m) { SAY("Unload %lx", H(m)); return 0; }
int cuModuleGetFunction(void **f, void *m, const char *name) { SAY("GetFunction %lx %s", H(m), name); *f = (void *)0xf0; return 0; }
int cuModuleLoadDataEx(void **m, const void *image, unsigned n, int *options, void **values) {
	SAY("Load %.12s", (const char *)image);
	*m = (void *)0x30;
	if (LOAD && n == 2 && options[0] == 5 && options[1] == 6) snprintf(values[0], (size_t)values[1], "line 1: no");
	return LOAD;
}
int cuLaunchKernel(void *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void *stream, void **params, void **extra) {
	SAY("Launch %lx %u,%u,%u %u,%u,%u %u %lx %lx %lx", H(f), gx, gy, gz, bx, by, bz, shared, H(stream), *(unsigned long *)params[0], *(unsigned long *)params[1]);
	return extra ? 1 : LAUNCH;
}
#ifndef WITHOUT_CAPTURE
int cuStreamBeginCapture_v2(void *s, int mode) { SAY("BeginCapture %lx %d", H(s), mode); return 0; }
#endif
int cuStreamEndCapture(void *s, void **g) { SAY("EndCapture %lx", H(s)); *g = (void *)0x61; return 0; }
int cuGraphInstantiateWithFlags(void **e, void *g, unsigned long long flags) { SAY("Instantiate %lx %llu", H(g), flags); *e = (void *)0x71; return 0; }
int cuGraphDestroy(void *g) { SAY("GraphDestroy %lx", H(g)); return 0; }
int cuGraphLaunch(void *e, void *s) { SAY("GraphLaunch %lx %lx", H(e), H(s)); return 0; }
int cuGraphExecDestroy(void *e) { SAY("ExecDestroy %lx", H(e)); return 0; }
int cuGetErrorName(int code, const char **name) {
	switch (code) {
	case 2: *name = "CUDA_ERROR_OUT_OF_MEMORY"; return 0;
	case 100: *name = "CUDA_ERROR_NO_DEVICE"; return 0;
	case 218: *name = "CUDA_ERROR_INVALID_PTX"; return 0;
	case 700: *name = "CUDA_ERROR_ILLEGAL_ADDRESS"; return 0;
	case 719: *name = "CUDA_ERROR_LAUNCH_FAILED"; return 0;
	}
	return 1;
}
