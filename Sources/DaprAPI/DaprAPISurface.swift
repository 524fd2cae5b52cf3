import MechaProto

/// The names that Dapr's API serves, for telemetry.
public enum DaprAPISurface {
    /// Route templates; a metric's RouteID is an index into them, which bounds its label values.
    public static let httpRoutes = HTTPRouteTable.all.map(\.fullTemplate)

    /// Full names of the RPCs, in the same role.
    public static let grpcMethods = DaprMethods.all.map(\.path)

    /// Each HTTP route of the reference and how far it is built, as docs/compatibility.md lists them.
    package static let httpSupport: [(methods: String, path: String, support: String)] = HTTPRouteTable.all.map {
        ($0.methods.map(\.rawValue).joined(separator: " "), $0.fullTemplate, $0.support.rawValue)
    }

    /// Each RPC of the service Dapr and how far it is built.
    package static let grpcSupport: [(name: String, support: String)] = {
        let built = Set(RPCTable.built.map(\.method.name))
        return DaprMethods.all.map { ($0.name, (built.contains($0.name) ? Support.works : .notYet).rawValue) }
    }()
}
