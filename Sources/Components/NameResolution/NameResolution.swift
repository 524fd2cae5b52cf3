// NameResolution
