package icon

// The names. One icon may stand for several things; the word beside it says which.
const (
	Search   Name = "search"
	User     Name = "user"
	Bell     Name = "bell"
	Doc      Name = "doc"
	Folder   Name = "folder"
	Calendar Name = "calendar"
	Clock    Name = "clock"
	Card     Name = "card"
	Ruble    Name = "ruble"
	Home     Name = "home"
	Health   Name = "health"
	Family   Name = "family"
	Car      Name = "car"
	School   Name = "school"
	Work     Name = "work"
	Passport Name = "passport"
	Shield   Name = "shield"
	Check    Name = "check"
	Plus     Name = "plus"
	Right    Name = "right"
	Left     Name = "left"
	Down     Name = "down"
	External Name = "out"
	Upload   Name = "upload"
	Download Name = "download"
	Pin      Name = "pin"
	Eye      Name = "eye"
	Message  Name = "message"
	Star     Name = "star"
	Phone    Name = "phone"
	Warn     Name = "warn"
	Key      Name = "key"
	Mail     Name = "mail"
	Refresh  Name = "refresh"
	Print    Name = "print"
	Filter   Name = "filter"
	Edit     Name = "edit"
	Close    Name = "x"
	Menu     Name = "menu"
	Info     Name = "info"
	Exit     Name = "exit"
	Gear     Name = "gear"
	Bank     Name = "bank"
	Finger   Name = "finger"
	Baby     Name = "baby"
)

// paths are drawn on a grid of 24, with strokes only.
var paths = map[Name]string{
	Search:   `<circle cx="11" cy="11" r="6.5"/><path d="m16 16 4.5 4.5"/>`,
	User:     `<circle cx="12" cy="8" r="4"/><path d="M4.5 20c.8-4 3.8-6 7.5-6s6.7 2 7.5 6"/>`,
	Bell:     `<path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15z"/><path d="M10 20.5h4"/>`,
	Doc:      `<path d="M6 3.5h8l4 4v13H6z"/><path d="M14 3.5v4h4M9 12h6M9 16h6"/>`,
	Folder:   `<path d="M3.5 18.5v-13h6l2 2.5h9v10.5z"/>`,
	Calendar: `<rect x="4" y="5.5" width="16" height="15" rx="2"/><path d="M4 10h16M8.5 3.5v4M15.5 3.5v4"/>`,
	Clock:    `<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5V12l3 2"/>`,
	Card:     `<rect x="3" y="5.5" width="18" height="13" rx="2"/><path d="M3 10h18M7 15h3"/>`,
	Ruble:    `<path d="M9 20V4.5h5.5a4.5 4.5 0 0 1 0 9H6.5M6.5 17h7"/>`,
	Home:     `<path d="m3.5 11.5 8.5-7 8.5 7"/><path d="M6 9.5v10.5h12V9.5M10 20v-5.5h4V20"/>`,
	Health:   `<path d="M12 20S4 15.5 4 9.5A4.3 4.3 0 0 1 12 7.2a4.3 4.3 0 0 1 8 2.3C20 15.5 12 20 12 20z"/><path d="M12 10v5M9.5 12.5h5"/>`,
	Family:   `<circle cx="8" cy="8" r="3"/><circle cx="17" cy="11" r="2.3"/><path d="M2.5 19.5c.5-4 2.7-6 5.5-6 2.3 0 4.2 1.3 5 4M13 19.5c.3-2.6 1.8-4 4-4s3.8 1.4 4.2 4"/>`,
	Car:      `<path d="M4 16.5v-4l2-5.5h12l2 5.5v4zM4 12.5h16"/><path d="M6 16.5V19M18 16.5V19M7.5 14.5h1M15.5 14.5h1"/>`,
	School:   `<path d="m2.5 9.5 9.5-4.5 9.5 4.5-9.5 4.5z"/><path d="M6.5 11.5v5c3 2.5 8 2.5 11 0v-5M21.5 9.5v5"/>`,
	Work:     `<rect x="3.5" y="8" width="17" height="11.5" rx="2"/><path d="M9 8V5h6v3M3.5 13h17M12 12v2"/>`,
	Passport: `<rect x="5" y="3" width="14" height="18" rx="2"/><circle cx="12" cy="10" r="3.5"/><path d="M9 17h6M8.5 10h7"/>`,
	Shield:   `<path d="M12 3.5 5 6v5.5c0 4.5 3 7.5 7 9 4-1.5 7-4.5 7-9V6z"/><path d="m9 12 2.2 2.2L15.2 10"/>`,
	Check:    `<path d="m5 12.5 4.5 4.5L19 7.5"/>`,
	Plus:     `<path d="M12 5v14M5 12h14"/>`,
	Right:    `<path d="m9.5 5.5 6.5 6.5-6.5 6.5"/>`,
	Left:     `<path d="M14.5 5.5 8 12l6.5 6.5"/>`,
	Down:     `<path d="m5.5 9.5 6.5 6.5 6.5-6.5"/>`,
	External: `<path d="M10 5H5v14h14v-5M13.5 4.5H19.5V10.5M19 5l-8 8"/>`,
	Upload:   `<path d="M12 16V4.5M7.5 9 12 4.5 16.5 9M4.5 16v3.5h15V16"/>`,
	Download: `<path d="M12 4.5V16M7.5 11.5 12 16l4.5-4.5M4.5 16v3.5h15V16"/>`,
	Pin:      `<path d="M12 21s-6.5-6-6.5-11a6.5 6.5 0 0 1 13 0c0 5-6.5 11-6.5 11z"/><circle cx="12" cy="10" r="2.3"/>`,
	Eye:      `<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/><circle cx="12" cy="12" r="3"/>`,
	Message:  `<path d="M4 5h16v11.5H11L6.5 20v-3.5H4z"/>`,
	Star:     `<path d="m12 4 2.5 5.2 5.7.8-4.1 4 1 5.6-5.1-2.7-5.1 2.7 1-5.6-4.1-4 5.7-.8z"/>`,
	Phone:    `<path d="M5 4h4l1.5 5-2.5 1.5c1 2.5 3 4.5 5.5 5.5L15 13.5l5 1.5v4c0 1-1 1.5-2 1.5C10.5 20 4 13.5 3.5 6c0-1 .5-2 1.5-2z"/>`,
	Warn:     `<path d="M12 4 2.5 20h19z"/><path d="M12 10v4.5M12 17.2v.1"/>`,
	Key:      `<circle cx="8" cy="15" r="4.5"/><path d="m11.5 11.5 8-8M16 7l3 3"/>`,
	Mail:     `<rect x="3.5" y="5.5" width="17" height="13" rx="2"/><path d="m4 7.5 8 6 8-6"/>`,
	Refresh:  `<path d="M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4.5V9H15"/>`,
	Print:    `<path d="M7 9V4h10v5M7 17H4V9h16v8h-3"/><path d="M7 14h10v6H7z"/>`,
	Filter:   `<path d="M4 6.5h16M7 12h10M10 17.5h4"/>`,
	Edit:     `<path d="m4.5 19.5 1-4.5L16 4.5l3.5 3.5L9 18.5z"/><path d="m13.5 7 3.5 3.5"/>`,
	Close:    `<path d="m6 6 12 12M18 6 6 18"/>`,
	Menu:     `<path d="M4 7h16M4 12h16M4 17h16"/>`,
	Info:     `<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5.5M12 7.6v.1"/>`,
	Exit:     `<path d="M14 4.5H5v15h9M10 12h10.5M17 8.5l3.5 3.5-3.5 3.5"/>`,
	Gear:     `<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/>`,
	Bank:     `<path d="m3.5 9.5 8.5-5 8.5 5zM5 19.5h14M6.5 10v7M12 10v7M17.5 10v7"/>`,
	Finger:   `<path d="M7 19c1-2 1.5-4.5 1.5-7a3.5 3.5 0 0 1 7 0c0 3-.4 5.5-1.3 8M12 12c0 3-.5 5.5-1.5 8M4.5 15c.4-1 .6-2 .6-3a7 7 0 0 1 13.9 0c0 2-.1 3.5-.5 5"/>`,
	Baby:     `<path d="M3.5 11h17a8.5 8.5 0 0 1-17 0zM12 11V3.5c4.5 0 8.5 3 8.5 7.5"/><circle cx="8" cy="20.5" r="1"/><circle cx="16" cy="20.5" r="1"/>`,
}
