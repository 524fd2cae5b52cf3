// MechaCron (L2): the input binding `bindings.cron`, which calls the app on a schedule. Schedules themselves
// are MechaSchedule's. It may import L0.
