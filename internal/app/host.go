package app

import (
	"net"
	"net/http"
	"strings"
)

// hosts sends each request to the site of its host name. Separate hosts are a
// security boundary: cookies, origins and rights do not cross it.
type hosts map[string]http.Handler

func (h hosts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	site, ok := h[r.Host] // as most write it, behind a proxy
	if !ok {
		site, ok = h[hostName(r.Host)]
	}
	if !ok {
		// RFC 9110, 15.5.20: this server is not that host.
		http.Error(w, "Такого сайта здесь нет. There is no such site here.", http.StatusMisdirectedRequest)
		return
	}
	site.ServeHTTP(w, r)
}

func hostName(hostport string) string {
	h, _, err := net.SplitHostPort(hostport)
	if err != nil {
		h = hostport
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(h, "[]"), "."))
}
