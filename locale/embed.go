// Package locale embeds the message catalogues: what the pages say, by key and language.
//
// A file is named <area>.<lang>.yaml and holds flat lines `key: text`; see package i18n for the syntax.
// Russian is complete, Tatar and English translate a part of it. A key stands in one file only.
package locale

import "embed"

// FS holds all catalogues.
//
//go:embed *.yaml
var FS embed.FS
