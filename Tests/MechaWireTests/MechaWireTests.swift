// MechaWireTests
