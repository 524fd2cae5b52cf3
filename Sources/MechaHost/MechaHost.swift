// MechaHost
