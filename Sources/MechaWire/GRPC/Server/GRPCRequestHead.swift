import NIOHPACK

/// What gRPC reads of a request's headers, found in one pass.
struct GRPCRequestHead {
    var path = ""
    var isPost = false
    var contentType = ""
    var timeout: String?
    var encoding: String?
    var acceptEncoding: String?

    init(_ headers: HPACKHeaders) {
        for (name, value, _) in headers {
            // Lengths tell almost all names apart, which spares comparing strings.
            switch name.utf8.count {
            case 5 where name == ":path": path = value
            case 7 where name == ":method": isPost = value == "POST"
            case 12 where name == "content-type": contentType = value
            case 12 where name == "grpc-timeout": timeout = value
            case 13 where name == "grpc-encoding": encoding = value
            case 20 where name == "grpc-accept-encoding": acceptEncoding = value
            default: break
            }
        }
    }

    /// `application/grpc`, alone or followed by `+format` or parameters.
    var isGRPC: Bool {
        let prefix = "application/grpc"
        guard contentType.hasPrefix(prefix) else { return false }
        guard let next = contentType.utf8.dropFirst(prefix.utf8.count).first else { return true }
        return next == UInt8(ascii: "+") || next == UInt8(ascii: ";")
    }
}
