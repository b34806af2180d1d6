// Package rutext writes and reads Russian text the way people expect it: dates «21 ноября 2026»,
// money «1 500,00 ₽», plurals «3 уведомления», match keys of names, typography.
//
// It is pure: no clock, no catalogue of messages. Package i18n chooses between it and other languages.
// All spaces that must not break a line are U+00A0, so tests compare against NBSP.
package rutext
