// MechaManifestTests
