/// One RPC of a gRPC service, as the wire names it.
package struct RPCMethod: Hashable, Sendable {
    /// The service's full name, such as `dapr.proto.runtime.v1.Dapr`.
    package let service: String
    /// The RPC's name within its service, such as `GetState`.
    package let name: String
    /// The `:path` of a call: `/service/name`.
    package let path: String
    /// Whether a call carries a stream of requests rather than one.
    package let clientStreams: Bool
    /// Whether a call is answered with a stream of responses rather than one.
    package let serverStreams: Bool
}
