// Package term counts legal terms: working and calendar days in the portal's zone.
//
// A term begins on the day after the event and ends at midnight of its last day (GK RF art. 191,
// 194); a term in calendar days whose last day is no working day ends on the next working one
// (art. 193). What is a working day comes from the production calendar of the year: its decrees move
// days off in a way that no rule foretells, so calendars are data (data/ru-YYYY.xml, the open data
// set xmlcalendar). A year without data is counted by the Labour Code alone and called provisional.
package term
