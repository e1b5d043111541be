package kernels

import (
	"syscall"
	"unsafe"
)

// hugePage is the size of a large page: 2 MiB on amd64 and arm64 with pages of 4 KiB.
const hugePage = 2 << 20

// LargePages asks for large pages under memory that nobody has written yet. A core keeps some thousands of translations of
// addresses: with pages of 4 KiB they reach over a few megabytes, and reading more waits for a walk through the page table every
// 4 KiB. Linux gives large pages to those who ask (transparent_hugepage = madvise), and what it does with the
// request is its own affair: nothing depends on it. Pages that are not wholly within s are left alone.
func LargePages[T any](s []T) {
	if len(s) == 0 {
		return
	}
	from := uintptr(unsafe.Pointer(&s[0]))
	skip := -from % hugePage
	bytes := uintptr(len(s)) * unsafe.Sizeof(s[0])
	if bytes < skip+hugePage {
		return
	}
	whole := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(&s[0]), skip)), (bytes-skip)/hugePage*hugePage)
	_ = syscall.Madvise(whole, syscall.MADV_HUGEPAGE) // a request: kernels without large pages refuse it
}
