package crypt

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"math/big"
)

// Token is 256 random bits as 43 base64url characters: for sessions, links and
// every other secret that a browser or a program carries.
func Token() string {
	b := make([]byte, 32)
	mustRead(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// HashToken is what a database keeps of a [Token]. A plain hash suffices, since
// the token cannot be guessed.
func HashToken(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// Code is n random decimal digits: for SMS. Store its [Keyring.MAC] only.
func Code(n int) string {
	out := make([]byte, n)
	ten := big.NewInt(10)
	for i := range out {
		d, err := rand.Int(rand.Reader, ten)
		if err != nil {
			panic(err)
		}
		out[i] = byte('0' + d.Int64())
	}
	return string(out)
}

// Equal compares two secrets in constant time.
func Equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
