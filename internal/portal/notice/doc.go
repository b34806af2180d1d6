// Package notice is the citizen's feed («Лента уведомлений») and what of it
// goes out by e-mail and SMS.
//
//	Post (in the transaction of what happened)
//	  ├─▶ entry in the feed, unread: always
//	  └─▶ job notice.deliver ─▶ per channel: wanted? contact? ─▶ outbound message "notice:<entry>:<channel>"
//	                                            └ convenient hours: not before they begin (NTS-06)
//
// An entry has a stable key, unique for its owner: what posts twice, after a
// lost answer or a job run again, makes one entry and one message. Entries hold
// message keys and arguments, no text: they are rendered in the person's
// language when they are shown or sent. Arguments hold no personal data.
//
// Codes of sign-in are not notices: the identity provider sends them, whatever
// is set here.
package notice
