import SwiftProtobuf

/// An RPC together with its message types, so that handlers and callers cannot mix them up.
package struct RPC<Request: Message, Response: Message>: Sendable {
    package let method: RPCMethod

    /// - Parameter path: `/service/name`, given ready so that naming an RPC costs no concatenation.
    package init(_ service: String, _ name: String, path: String, clientStreams: Bool = false, serverStreams: Bool = false) {
        method = RPCMethod(
            service: service, name: name, path: path, clientStreams: clientStreams, serverStreams: serverStreams)
    }
}
