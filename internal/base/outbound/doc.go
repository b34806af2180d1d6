// Package outbound delivers messages to people: e-mail and SMS, each by one sender.
//
//	            NotBefore ahead            sweep outbound.due
//	Enqueue ──► waiting ──────────────────► queued ◄──────────┐ surely not sent: tried again with growing pauses
//	    └───────────────────────────────────►│                │
//	                                         ▼                │
//	                                       sending ───────────┘
//	                              ┌──────────┼───────────┐
//	                              ▼          ▼           ▼
//	                            sent       failed     expired (its time is over)
//
// Two classes: a code is sent at most once — when it is unknown whether an attempt arrived, it counts as failed and the
// person presses «resend», which is another message. A notice is sent at least once with a stable Message-ID, by which
// mail programs drop doubles.
//
// A message is enqueued in the transaction of what it tells of; its ID makes a repeated Enqueue do nothing. Address and
// text are sealed in the row and cleared as soon as the message has its end; jobs, errors and logs never see them.
package outbound
