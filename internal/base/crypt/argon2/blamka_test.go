package argon2

import (
	"math/rand/v2"
	"testing"
)

// The mixing of this machine is that of the plain code, which others use.
func TestMixingIsThatOfThePlainCode(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	fill := func(b *block) {
		for i := range b {
			b[i] = r.Uint64()
		}
	}
	for range 64 {
		var in1, in2, out, plain block
		fill(&in1)
		fill(&in2)
		fill(&out)
		plain = out
		processBlock(&out, &in1, &in2)
		processBlockGeneric(&plain, &in1, &in2, false)
		if out != plain {
			t.Fatal("mixing differs")
		}
		processBlockXOR(&out, &in2, &in1)
		processBlockGeneric(&plain, &in2, &in1, true)
		if out != plain {
			t.Fatal("mixing into what stands differs")
		}
	}
}
