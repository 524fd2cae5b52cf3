// MechaCommandTests
