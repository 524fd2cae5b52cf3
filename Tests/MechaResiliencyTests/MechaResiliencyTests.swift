// MechaResiliencyTests
