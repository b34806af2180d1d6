package ruid

import (
	"database/sql/driver"
	"fmt"
	"strings"
)

// BIK is a bank identification code (БИК): 9 digits, the first is 0.
type BIK string

// ParseBIK reads a БИК; it has no check digit.
func ParseBIK(s string) (BIK, error) {
	d, err := digits("bik", s, 9)
	if err != nil {
		return "", err
	}
	if d[0] != '0' || allZeros(d) {
		return "", badFormat("bik")
	}
	return BIK(d), nil
}

// Valid tells whether the value is a canonical БИК.
func (b BIK) Valid() bool { return valid(b, ParseBIK) }

// String gives the digits.
func (b BIK) String() string { return string(b) }

// Account is a bank or treasury account of 20 digits.
type Account string

// ParseAccount reads an account and checks its key against the bank: Σ digit·(7,1,3 in turn) over prefix and account
// ends in 0 (Bank of Russia's order of computing the control key). The prefix of a customer's account is the end of
// the БИК; that of correspondent and single treasury (40102) accounts, and of customers of a settlement centre
// (БИК on 000–002), is 0 and digits 5–6 of the БИК (Bank of Russia, order 515 of 08.09.1997). Treasury accounts, which
// begin with 0, follow keys of the Treasury and pass by format. Accounts with a letter in the currency are refused.
func ParseAccount(bank BIK, s string) (Account, error) {
	d, err := digits("account", s, 20)
	if err != nil {
		return "", err
	}
	if !bank.Valid() || allZeros(d) {
		return "", badFormat("account")
	}
	if d[0] != '0' && accountSum(accountPrefix(bank, d), d)%10 != 0 {
		return "", badChecksum("account")
	}
	return Account(d), nil
}

func accountPrefix(bank BIK, account string) string {
	switch tail := string(bank[6:]); {
	case strings.HasPrefix(account, "301"), strings.HasPrefix(account, "40102"), tail == "000", tail == "001", tail == "002":
		return "0" + string(bank[4:6])
	default:
		return tail
	}
}

func accountSum(prefix, account string) int {
	sum := 0
	for i, r := range prefix + account {
		sum += int(r-'0') * [3]int{7, 1, 3}[i%3]
	}
	return sum
}

// ValidAt tells whether the account is canonical and its key fits the bank.
func (a Account) ValidAt(bank BIK) bool {
	parsed, err := ParseAccount(bank, string(a))
	return err == nil && parsed == a
}

// String gives the digits in groups of four, as people read them aloud.
func (a Account) String() string { return group(string(a), 4) }

// Masked shows the last four digits only: «•••• 0225».
func (a Account) Masked() string {
	if len(a) != 20 {
		return ""
	}
	return "•••• " + string(a[16:])
}

// Value stores the twenty digits.
func (a Account) Value() (driver.Value, error) { return value(string(a)) }

// SampleAccount makes a valid account of a person (40817, roubles) at the bank, distinct for n < 10¹¹.
func SampleAccount(bank BIK, n uint64) Account {
	tail := fmt.Sprintf("%011d", n*7919%100_000_000_000)
	for key := range 10 {
		a := Account("40817810" + digit(key) + tail)
		if a.ValidAt(bank) {
			return a
		}
	}
	return "" // the bank's code is not valid; a key exists for every valid one, since 3 and 10 are coprime
}
