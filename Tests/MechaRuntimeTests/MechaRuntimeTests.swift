// MechaRuntimeTests
