// MechaInvocationTests
