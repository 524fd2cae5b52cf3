// MechaWire
