import NIOHPACK
import NIOHTTP1

extension HTTPHeaders {
    /// Trailers of a response that came over HTTP/2, without fields that frame a message. Values stay as they
    /// are: a gRPC status message may end in a blank, and what writes a head cleans them.
    init(http2ResponseTrailers trailers: HPACKHeaders) {
        self.init()
        reserveCapacity(trailers.count)
        for (name, value, _) in trailers where !Self.framesMessage(name) { add(name: name, value: value) }
    }

    private static func framesMessage(_ name: String) -> Bool {
        switch name.utf8.count {
        case 2: name == "te"
        case 4: name == "host"
        case 14: name == "content-length"
        default: false
        }
    }
}
