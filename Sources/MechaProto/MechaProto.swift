// MechaProto
