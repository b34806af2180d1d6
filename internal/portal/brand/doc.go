// Package brand is how a region calls itself and is reached: names in three
// languages, phones, the address for appeals, social networks, colours. What the
// configuration file says is the beginning; what an administrator has published
// on the page of the office rules instead of it, as a whole, until he returns to
// the file.
//
// A published brand is a versioned value of package setting, so that its journal
// and the conflict of two administrators are those of every setting. [Brands.Now]
// is asked for every page and letter: it answers from memory and looks for a new
// version once in a second, so that all processes follow without a restart.
//
// It holds no personal data.
package brand
