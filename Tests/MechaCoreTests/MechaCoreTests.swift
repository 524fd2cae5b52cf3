// MechaCoreTests
