// MechaTelemetryTests
