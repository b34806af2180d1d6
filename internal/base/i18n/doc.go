// Package i18n holds the texts that people see, by key and language, and writes numbers, dates and money.
//
// Catalogues are flat YAML files `key: text`, many per language, named `anything.<lang>.yaml`; a key that stands
// in two files of a language stops the start. Russian is complete; what Tatar or English lack is shown in Russian,
// what Russian lacks is shown as the key itself. Both are counted, see [Bundle.Missing].
//
// A text may hold placeholders and choices:
//
//	feed.hello:  "Здравствуйте, {name}"
//	feed.unread: "{n, one {# уведомление} few {# уведомления} many {# уведомлений}}"
//	feed.none:   "{n, =0 {Новых уведомлений нет} one {# новое} few {# новых} many {# новых}}"
//	letter.dear: "{sex, select, m {Уважаемый} f {Уважаемая} other {Здравствуйте,}} {name}"
//
// Plural categories are those of CLDR: ru one few many, tt one other, en one other. `#` is the number with its
// digits in groups. A literal brace or # is written '{' '}' '#'. Texts are plain text, never HTML.
package i18n
