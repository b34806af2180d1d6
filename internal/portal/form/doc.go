// Package form is the engine of the portal's application forms: pure functions from a definition
// and a state to the next step, the errors and the application that an agency receives.
//
// A [Definition] is data (services/**/form.yaml): steps of fields with conditions, bindings to the
// citizen's profile, own messages and attachment slots. The state of a form is only the [Answers]
// that the citizen gave; what comes from a verified profile is never stored among them and never
// read from a request (SVC-07): it is laid over the answers each time, so that a draft that is
// opened again shows the profile of today (DRF-05).
//
//	Parse ──▶ Definition ──Evaluate(Input)──▶ State ──▶ Next / Step / Errors / Application
//	               ▲                             │
//	               └────── Accept(posted) ◀──────┘   (Answers go back to the draft)
//
// The package does no I/O, knows no clock and no language: the day comes in as [Input.Today], the
// words of the interface through [Input.T], with keys "form.*" of the message catalogue.
// Definitions carry their own texts, Russian with optional Tatar and English.
package form
