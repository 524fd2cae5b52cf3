/// Every route of the reference, built or not: what the router serves and what docs/compatibility.md lists.
enum HTTPRouteTable {
    static let all: [HTTPRoute] =
        StateRoutes.all + PublishRoutes.all + BindingRoutes.all + SecretRoutes.all + HealthRoutes.all + MetadataRoutes.all + [
            InvocationRoutes.route
        ] + LaterRoutes.all

    /// What the public port serves.
    static let publicRoutes: [HTTPRoute] = all.filter {
        $0.fullTemplate == "/v1.0/metadata" || $0.fullTemplate == "/v1.0/healthz"
    }
}
