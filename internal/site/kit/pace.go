package kit

import (
	"io"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// A large body holds a place while it comes: silence and a trickle end it. Only
// the time that we wait for the line counts, not that of storing.
const (
	bodyPatience = 30 * time.Second
	bodyPace     = 16 << 10 // bytes for each second more
	bodyLimit    = 3 * time.Minute
)

// pacedBody sets the read deadline of its connection before each read.
type pacedBody struct {
	io.ReadCloser
	conn   *http.ResponseController
	begun  time.Time
	waited time.Duration
	got    int64
}

func paced(w http.ResponseWriter, body io.ReadCloser) io.ReadCloser {
	return &pacedBody{ReadCloser: body, conn: http.NewResponseController(w), begun: time.Now()}
}

// Read fails when the line was too slow. Connections without deadlines, in tests, wait.
func (p *pacedBody) Read(b []byte) (int, error) {
	start := time.Now()
	end := start.Add(bodyPatience + time.Duration(p.got)*time.Second/bodyPace - p.waited)
	if last := p.begun.Add(bodyLimit); end.After(last) {
		end = last
	}
	_ = p.conn.SetReadDeadline(end)
	n, err := p.ReadCloser.Read(b)
	p.got += int64(n)
	p.waited += time.Since(start)
	if err == io.EOF { //nolint:errorlint // as readers say it
		_ = p.conn.SetReadDeadline(time.Time{}) // it would end the work on what was read
	}
	return n, err
}

// senders counts the large bodies of each address, an IPv6 network as one.
type senders struct {
	mu    sync.Mutex
	count map[netip.Prefix]int
}

func (s *senders) enter(from netip.Prefix, most int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count[from] >= most {
		return false
	}
	if s.count == nil {
		s.count = map[netip.Prefix]int{}
	}
	s.count[from]++
	return true
}

func (s *senders) leave(from netip.Prefix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count[from]--; s.count[from] <= 0 {
		delete(s.count, from)
	}
}

// upload takes a place for a large body, of which one address gets an eighth.
func (v *visit) upload() (leave func(), ok bool) {
	addr := v.m.address(v.r)
	bits := min(addr.BitLen(), 64)
	from, _ := addr.Prefix(bits) // an address that is none: all of those together
	if !v.senders.enter(from, max(2, v.Uploads/8)) {
		return nil, false
	}
	if !v.uploads.enter(v.r.Context(), going, v.Patience, v.now) {
		v.senders.leave(from)
		return nil, false
	}
	return func() {
		v.uploads.leave(v.Now())
		v.senders.leave(from)
	}, true
}
