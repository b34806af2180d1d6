package token

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

const signatureSize = 64 // of r and s

// es256 signs with a key in memory. It is opaque to go-jose, so that a key on a
// PKCS#11 device fits in its place.
type es256 struct {
	key *ecdsa.PrivateKey
	pub jose.JSONWebKey
}

func (e es256) Public() *jose.JSONWebKey { return &e.pub }

func (e es256) Algs() []jose.SignatureAlgorithm { return []jose.SignatureAlgorithm{jose.ES256} }

// SignPayload returns r‖s, 32 bytes each (RFC 7518, 3.4).
func (e es256) SignPayload(payload []byte, alg jose.SignatureAlgorithm) ([]byte, error) {
	if alg != jose.ES256 {
		return nil, fmt.Errorf("sign: %s is not ES256", alg)
	}
	h := sha256.Sum256(payload)
	r, s, err := ecdsa.Sign(rand.Reader, e.key, h[:])
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	out := make([]byte, signatureSize)
	r.FillBytes(out[:signatureSize/2])
	s.FillBytes(out[signatureSize/2:])
	return out, nil
}
