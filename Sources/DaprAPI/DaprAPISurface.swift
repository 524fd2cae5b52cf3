import MechaHost
import MechaProto

/// The names that Dapr's API serves, for telemetry.
public enum DaprAPISurface {
    public static let names = APISurface(
        httpRoutes: HTTPRouteTable.all.map(\.fullTemplate), grpcMethods: DaprMethods.all.map(\.path))
}
