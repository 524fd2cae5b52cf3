// MechaTestKit
