package application

import "slices"

// Status is where an application stands (SVC-24, G-01). The two first belong to drafts, the others
// to what was sent.
type Status string

// The statuses. Their names for people are the messages "application.status.<status>".
const (
	StatusDraft           Status = "draft"              // unfinished (C-26)
	StatusUnsigned        Status = "awaiting_signature" // every answer is there, the signature is not (C-26)
	StatusSent            Status = "sent"
	StatusRegistered      Status = "registered"
	StatusInWork          Status = "in_work"
	StatusMoreInfo        Status = "more_info"        // the citizen's turn
	StatusInvited         Status = "invited"          // the citizen's turn
	StatusAwaitingPayment Status = "awaiting_payment" // the citizen's turn
	StatusGranted         Status = "granted"
	StatusRefused         Status = "refused"
	StatusWithdrawn       Status = "withdrawn"
	StatusClosed          Status = "closed"
)

// Statuses are all statuses in the order of an application's life.
var Statuses = []Status{
	StatusDraft, StatusUnsigned, StatusSent, StatusRegistered, StatusInWork, StatusMoreInfo, StatusInvited,
	StatusAwaitingPayment, StatusGranted, StatusRefused, StatusWithdrawn, StatusClosed,
}

// Actor is who moves an application. Agencies' systems act as officers.
type Actor string

// The actors.
const (
	ActorApplicant Actor = "applicant"
	ActorOfficer   Actor = "officer"
	ActorSystem    Actor = "system"
)

type move struct {
	to Status
	by []Actor
}

var (
	applicant = []Actor{ActorApplicant}
	officer   = []Actor{ActorOfficer}
	agency    = []Actor{ActorOfficer, ActorSystem}
	anyone    = []Actor{ActorApplicant, ActorOfficer, ActorSystem}
)

// moves is the whole status machine: what is not here is not permitted. A refusal needs a ground
// and a reason, a question needs a text: the use cases see to that.
var moves = map[Status][]move{
	StatusDraft:      {{StatusUnsigned, applicant}, {StatusSent, applicant}},
	StatusUnsigned:   {{StatusDraft, applicant}, {StatusSent, applicant}},
	StatusSent:       {{StatusRegistered, agency}, {StatusWithdrawn, applicant}},
	StatusRegistered: {{StatusInWork, agency}, {StatusWithdrawn, applicant}},
	StatusInWork: {
		{StatusRegistered, officer}, // put back into the queue
		{StatusMoreInfo, officer},
		{StatusInvited, officer},
		{StatusAwaitingPayment, officer},
		{StatusGranted, officer},
		{StatusRefused, officer},
		{StatusWithdrawn, applicant},
	},
	StatusMoreInfo: {
		{StatusInWork, anyone}, // the citizen answered, or the officer goes on without
		{StatusRefused, officer}, {StatusWithdrawn, applicant},
	},
	StatusInvited: {
		{StatusInWork, agency},
		{StatusAwaitingPayment, officer},
		{StatusGranted, officer},
		{StatusRefused, officer},
		{StatusWithdrawn, applicant},
	},
	StatusAwaitingPayment: {
		{StatusInWork, agency},
		{StatusInvited, officer},
		{StatusGranted, officer},
		{StatusRefused, officer},
		{StatusWithdrawn, applicant},
	},
	StatusGranted: {{StatusClosed, agency}},
	StatusRefused: {{StatusClosed, agency}},
}

// Permits tells whether actor may move an application from one status to the other.
func Permits(from, to Status, actor Actor) bool {
	return slices.ContainsFunc(moves[from], func(m move) bool { return m.to == to && slices.Contains(m.by, actor) })
}

// Permitted are the statuses that actor may move an application to.
func Permitted(from Status, actor Actor) []Status {
	var out []Status
	for _, m := range moves[from] {
		if slices.Contains(m.by, actor) {
			out = append(out, m.to)
		}
	}
	return out
}

// Known tells whether s is a status at all: what comes from outside may be anything.
func (s Status) Known() bool { return slices.Contains(Statuses, s) }

// Open tells whether the agency still owes a decision: the term runs.
func (s Status) Open() bool {
	switch s {
	case StatusSent, StatusRegistered, StatusInWork, StatusMoreInfo, StatusInvited, StatusAwaitingPayment:
		return true
	}
	return false
}

// CitizensTurn tells whether the next act is the citizen's.
func (s Status) CitizensTurn() bool {
	return s == StatusMoreInfo || s == StatusInvited || s == StatusAwaitingPayment || s == StatusUnsigned
}

// Decided tells whether the agency has decided.
func (s Status) Decided() bool { return s == StatusGranted || s == StatusRefused }
