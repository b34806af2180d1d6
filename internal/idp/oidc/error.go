package oidc

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/token"
)

// Error is an answer of the protocol: a code of RFC 6749 and its neighbours
// with a description for developers (never for citizens, never with data).
type Error struct {
	Status      int
	Code        string
	Description string
	// Challenge is the WWW-Authenticate scheme of a 401 or 403; empty: none.
	Challenge string
	// Retry is for Retry-After in seconds; 0: none.
	Retry int
}

func (e *Error) Error() string { return e.Code + ": " + e.Description }

func bad(code, description string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Description: description}
}

// asError finds the protocol's words for any error. What nobody foresaw is
// server_error outside and itself in the log.
func asError(r *http.Request, err error) *Error {
	var e *Error
	f, _ := fault.As(err)
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, token.ErrGrant):
		return bad("invalid_grant", "the code or refresh token is not valid")
	case errors.Is(err, token.ErrScope):
		return bad("invalid_scope", "a scope was not granted")
	case errors.Is(err, token.ErrToken):
		return &Error{Status: http.StatusUnauthorized, Code: "invalid_token", Description: "the access token is not valid", Challenge: "Bearer"}
	case errors.Is(err, client.ErrCredentials):
		return &Error{Status: http.StatusUnauthorized, Code: "invalid_client", Description: "client authentication failed", Challenge: "Basic"}
	case f != nil && f.Kind == fault.KindLimited:
		return &Error{Status: http.StatusTooManyRequests, Code: "temporarily_unavailable", Description: "too many requests", Retry: int(f.RetryAfter.Seconds()) + 1}
	case f != nil && f.Kind == fault.KindUnavailable:
		return &Error{Status: http.StatusServiceUnavailable, Code: "temporarily_unavailable", Description: "try again later", Retry: 5}
	case f != nil && f.Kind == fault.KindNotFound: // the account was deleted, the client suspended
		return bad("invalid_grant", "the grant has ended")
	}
	slog.ErrorContext(r.Context(), "oidc request failed", "path", r.URL.Path, "error", err)
	return &Error{Status: http.StatusInternalServerError, Code: "server_error", Description: "unexpected condition"}
}

// writeError answers a program with JSON.
func writeError(w http.ResponseWriter, r *http.Request, err error) {
	e := asError(r, err)
	if e.Challenge != "" {
		v := e.Challenge + ` realm="okno"`
		if e.Challenge == "Bearer" && e.Code != "" {
			v += `, error="` + e.Code + `"`
		}
		w.Header().Set("WWW-Authenticate", v)
	}
	if e.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.Retry))
	}
	writeJSON(w, e.Status, map[string]string{"error": e.Code, "error_description": e.Description})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, `{"error":"server_error"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
