import MechaCore

/// The components that a process knows how to make. The one list is in MechaRuntime.
public struct ComponentCatalog: Sendable {
    public let descriptors: [ComponentDescriptor]
    /// Types of the reference that this version does not have; declaring one is no error.
    public let planned: Set<String>
    /// Types that other builds have, and how to get one of those.
    public let otherBuilds: [String: String]
    private let byType: [String: ComponentDescriptor]

    public init(_ descriptors: [ComponentDescriptor], planned: Set<String> = [], otherBuilds: [String: String] = [:]) {
        self.otherBuilds = otherBuilds
        self.descriptors = descriptors
        self.planned = planned
        var byType: [String: ComponentDescriptor] = [:]
        for descriptor in descriptors {
            for type in [descriptor.type] + descriptor.aliases { byType[type.lowercased()] = descriptor }
        }
        self.byType = byType
    }

    func isPlanned(_ type: String) -> Bool {
        byType[type.lowercased()] == nil && planned.contains(type.lowercased()) && otherBuilds[type.lowercased()] == nil
    }

    /// The descriptor of that type and version; throws in words that name the nearest known type.
    public func descriptor(type: String, version: String) throws -> ComponentDescriptor {
        guard let descriptor = byType[type.lowercased()] else {
            if let way = otherBuilds[type.lowercased()] { throw CapabilityError(.misconfigured, "component type \(type): \(way)") }
            let hint = nearestName(to: type, among: Array(byType.keys)).map { "; did you mean \($0)?" } ?? ""
            throw CapabilityError(.misconfigured, "couldn't find component type \(type)\(hint)")
        }
        guard version.isEmpty || descriptor.versions.contains(version) else {
            throw CapabilityError(
                .misconfigured,
                "component type \(type) has no version \(version); expected \(descriptor.versions.joined(separator: " or "))")
        }
        return descriptor
    }
}
