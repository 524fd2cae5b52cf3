// MechaResiliency
