// MechaSchedule (L0): when something that repeats is due: cron expressions with seconds and time zones,
// `@every`, ISO 8601 periods. `Schedule` reads the text; `next(after:)` is a pure function of an instant, so
// whoever waits brings the clock. Time zones come from the system's zoneinfo files (`TimeZoneRules`).
//
// A cron expression is due at every instant whose local time matches. So a local time that daylight saving
// skips is not due that day, and one that it repeats is due twice.
// It may import MechaCore.
