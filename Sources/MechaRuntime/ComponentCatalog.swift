import MechaCore

/// The components that this build contains.
public enum ComponentCatalog {
    public static let all: [ComponentDescriptor] = []
}
