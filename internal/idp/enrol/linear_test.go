package enrol_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// guess is the input of one try at a code.
type guess struct{ right bool }

// codeState is the model of a code: five tries, then it is worth nothing; the
// right one opens the next step for good.
type codeState struct {
	tries  int
	passed bool
}

// codeModel is for a history in which so many were told that the code is wrong.
// They all came before the right one: that follows from the rules
// below, and saying so at once keeps the search for an order short.
func codeModel(told int) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return codeState{} },
		Step: func(state, input, output any) (bool, any) {
			s, in, out := state.(codeState), input.(guess), output.(string)
			switch {
			case s.passed:
				// The step is over, which says nothing; or the code has just been used.
				return out == "" || out == "enrol.code_expired", s
			case s.tries >= 5:
				return out == "enrol.code_spent", s
			case in.right:
				return out == "" && s.tries == told, codeState{tries: s.tries, passed: true}
			}
			s.tries++
			if s.tries == 5 {
				return out == "enrol.code_spent", s
			}
			return out == "enrol.code_wrong", s
		},
	}
}

// Sixty-four people try one code at the same moment: whatever they are told fits
// an order in which they came one by one.
//
// ID-REG-08, G-20
func TestCodesAreLinearizable(t *testing.T) {
	t.Parallel()
	for _, every := range []int{64, 8, 2} { // which of them knows the code
		t.Run(fmt.Sprint("one in ", every), func(t *testing.T) {
			t.Parallel()
			w := setUp(t)
			token := w.begin(t, application(phone, ""))
			right := w.Post.Code(t, phone)
			wrong := "000000"
			if right == wrong {
				wrong = "111111"
			}
			ops := make([]porcupine.Operation, 64)
			began, start := time.Now(), make(chan struct{})
			var wait sync.WaitGroup
			for i := range ops {
				wait.Go(func() {
					in, code := guess{right: i%every == every/2}, wrong
					if in.right {
						code = right
					}
					<-start
					call := time.Since(began).Nanoseconds()
					out := key(w.EnterRegistrationCode(context.Background(), token, code))
					ops[i] = porcupine.Operation{ClientId: i, Input: in, Call: call, Output: out, Return: time.Since(began).Nanoseconds()}
				})
			}
			close(start)
			wait.Wait()
			told := 0
			for _, o := range ops {
				if o.Output == "enrol.code_wrong" {
					told++
				}
			}
			if got := porcupine.CheckOperationsTimeout(codeModel(told), ops, 30*time.Second); got != porcupine.Ok {
				t.Errorf("no order explains what people were told (%s)", got)
				for _, o := range ops {
					t.Logf("%d–%d: %+v: %q", o.Call, o.Return, o.Input, o.Output)
				}
			}
		})
	}
}
