// MechaTelemetry
