package application

import (
	"slices"
	"testing"
)

// The whole machine as a table: everything that is not in it must be refused.
//
// SVC-24
func TestOnlyTheseMovesArePermitted(t *testing.T) {
	t.Parallel()
	const a, o, s = ActorApplicant, ActorOfficer, ActorSystem
	want := map[[2]Status][]Actor{
		{StatusDraft, StatusUnsigned}:            {a},
		{StatusDraft, StatusSent}:                {a},
		{StatusUnsigned, StatusDraft}:            {a},
		{StatusUnsigned, StatusSent}:             {a},
		{StatusSent, StatusRegistered}:           {o, s},
		{StatusSent, StatusWithdrawn}:            {a},
		{StatusRegistered, StatusInWork}:         {o, s},
		{StatusRegistered, StatusWithdrawn}:      {a},
		{StatusInWork, StatusRegistered}:         {o},
		{StatusInWork, StatusMoreInfo}:           {o},
		{StatusInWork, StatusInvited}:            {o},
		{StatusInWork, StatusAwaitingPayment}:    {o},
		{StatusInWork, StatusGranted}:            {o},
		{StatusInWork, StatusRefused}:            {o},
		{StatusInWork, StatusWithdrawn}:          {a},
		{StatusMoreInfo, StatusInWork}:           {a, o, s},
		{StatusMoreInfo, StatusRefused}:          {o},
		{StatusMoreInfo, StatusWithdrawn}:        {a},
		{StatusInvited, StatusInWork}:            {o, s},
		{StatusInvited, StatusAwaitingPayment}:   {o},
		{StatusInvited, StatusGranted}:           {o},
		{StatusInvited, StatusRefused}:           {o},
		{StatusInvited, StatusWithdrawn}:         {a},
		{StatusAwaitingPayment, StatusInWork}:    {o, s},
		{StatusAwaitingPayment, StatusInvited}:   {o},
		{StatusAwaitingPayment, StatusGranted}:   {o},
		{StatusAwaitingPayment, StatusRefused}:   {o},
		{StatusAwaitingPayment, StatusWithdrawn}: {a},
		{StatusGranted, StatusClosed}:            {o, s},
		{StatusRefused, StatusClosed}:            {o, s},
	}
	for _, from := range Statuses {
		for _, to := range Statuses {
			for _, actor := range []Actor{a, o, s} {
				permitted := slices.Contains(want[[2]Status{from, to}], actor)
				if got := Permits(from, to, actor); got != permitted {
					t.Errorf("%s → %s by %s: permitted %v, want %v", from, to, actor, got, permitted)
				}
				if got := slices.Contains(Permitted(from, actor), to); got != permitted {
					t.Errorf("Permitted(%s, %s) holds %s: %v, want %v", from, actor, to, got, permitted)
				}
			}
		}
	}
	if Permits("nonsense", StatusClosed, s) || Status("nonsense").Known() {
		t.Error("an unknown status must permit nothing")
	}
}

// SVC-24
func TestEveryOpenStatusLeadsToADecision(t *testing.T) {
	t.Parallel()
	for _, from := range Statuses {
		if !from.Open() {
			continue
		}
		seen := map[Status]bool{}
		var walk func(Status)
		walk = func(s Status) {
			if seen[s] {
				return
			}
			seen[s] = true
			for _, actor := range []Actor{ActorOfficer, ActorSystem} {
				for _, to := range Permitted(s, actor) {
					walk(to)
				}
			}
		}
		walk(from)
		if !seen[StatusGranted] || !seen[StatusRefused] || !seen[StatusClosed] {
			t.Errorf("the agency alone cannot end an application that is %s", from)
		}
		if !Permits(from, StatusWithdrawn, ActorApplicant) {
			t.Errorf("the citizen cannot withdraw an application that is %s", from)
		}
	}
}
