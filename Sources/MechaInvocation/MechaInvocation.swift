// MechaInvocation
