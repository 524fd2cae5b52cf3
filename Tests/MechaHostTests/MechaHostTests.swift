// MechaHostTests
