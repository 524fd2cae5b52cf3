// MechaRuntime
