package application_test

import (
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// sendModel is the model of a draft that is sent: the first time makes a number,
// every other time tells the same one. The input is the draft.
var sendModel = porcupine.Model{
	Partition: func(all []porcupine.Operation) [][]porcupine.Operation {
		drafts := map[string][]porcupine.Operation{}
		for _, o := range all {
			drafts[o.Input.(string)] = append(drafts[o.Input.(string)], o)
		}
		var out [][]porcupine.Operation
		for _, one := range drafts {
			out = append(out, one)
		}
		return out
	},
	Init: func() any { return "" },
	Step: func(state, _, output any) (bool, any) {
		number, got := state.(string), output.(string)
		if number == "" {
			return got != "", got
		}
		return got == number, number
	},
}

// Four drafts are sent from sixteen windows each, at the same moment.
//
// SVC-10
func TestSubmissionsAreLinearizable(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	const drafts, windows = 4, 64
	var ops [windows]porcupine.Operation
	var wait sync.WaitGroup
	began, start := time.Now(), make(chan struct{})
	for d := range drafts {
		s := k.submission(k.anna, k.fill(t, k.anna))
		for i := d; i < windows; i += drafts {
			wait.Go(func() {
				<-start
				call := time.Since(began).Nanoseconds()
				app, err := k.Submit(t.Context(), s)
				number := ""
				if err != nil {
					t.Errorf("window %d: %v", i, err)
				} else {
					number = app.Number
				}
				ops[i] = porcupine.Operation{ClientId: i, Input: s.Draft, Call: call, Output: number, Return: time.Since(began).Nanoseconds()}
			})
		}
	}
	close(start)
	wait.Wait()
	if got := porcupine.CheckOperationsTimeout(sendModel, ops[:], 30*time.Second); got != porcupine.Ok {
		t.Errorf("no order explains the numbers that people were told (%s)", got)
	}
	numbers := map[any]any{}
	for _, o := range ops {
		if draft, known := numbers[o.Output]; known && draft != o.Input {
			t.Errorf("%v is the number of two drafts", o.Output)
		}
		numbers[o.Output] = o.Input
	}
	if len(numbers) != drafts {
		t.Errorf("%d drafts have %d numbers", drafts, len(numbers))
	}
}
