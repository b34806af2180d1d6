package setting

// RetentionDays is how long ended cases, feeds, journals and the accounts of
// staff who left are kept with personal data (G-22: three years).
var RetentionDays = Int("retention.days", 1096, 365, 36500)
