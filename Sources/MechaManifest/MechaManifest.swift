// MechaManifest
