// MechaTelemetryExport
