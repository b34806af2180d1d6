package app

import (
	"runtime"
	"sync"
)

// cores are the processors that this process may use at the same time.
//
// Go gets as many again, once: password hashes hold one each for their time,
// on threads of low priority. With one per core all else would wait for a
// processor of Go while the kernel would gladly have answered a page.
var cores = sync.OnceValue(func() int {
	n := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(2 * n)
	return n
})
