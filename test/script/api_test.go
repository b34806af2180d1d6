package script

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// demoPerson is somebody as the demo desk tells of him.
type demoPerson struct {
	Surname, Name, Patronymic, SNILS, Phone, Email, Number, Code string
	Children                                                     []demoPerson
	Account                                                      struct{ State, Role string }
}

// api calls the demo desk.
func (d *demoProcess) api(method, path string, in, out any) {
	d.t.Helper()
	var body bytes.Buffer
	if in != nil {
		must(d.t, json.NewEncoder(&body).Encode(in))
	}
	req, err := http.NewRequestWithContext(d.t.Context(), method, fmt.Sprintf("http://127.0.0.1:%d%s", d.port, path), &body)
	must(d.t, err)
	req.Host = d.host("demo")
	res, err := (&http.Client{Timeout: time.Minute}).Do(req)
	must(d.t, err)
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		d.t.Fatalf("%s %s: %s", method, path, res.Status)
	}
	if out != nil {
		must(d.t, json.NewDecoder(res.Body).Decode(out))
	}
}

// accounts are all demo persons with an account.
func (d *demoProcess) accounts() []demoPerson {
	d.t.Helper()
	var out struct{ Accounts []demoPerson }
	d.api(http.MethodGet, "/api/accounts", nil, &out)
	return out.Accounts
}

// account finds a demo person by role ("" for a citizen) and state.
func (d *demoProcess) account(role, state string) demoPerson {
	d.t.Helper()
	for _, p := range d.accounts() {
		if p.Account.Role == role && p.Account.State == state {
			return p
		}
	}
	d.t.Fatalf("the demo has no %q account in state %q", role, state)
	return demoPerson{}
}

type clockState struct{ Now time.Time }

func (d *demoProcess) now() time.Time {
	d.t.Helper()
	var c clockState
	d.api(http.MethodGet, "/api/clock", nil, &c)
	return c.Now
}
