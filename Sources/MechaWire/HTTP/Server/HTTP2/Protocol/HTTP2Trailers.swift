import NIOHPACK
import NIOHTTP1

/// Trailers of a response, as HTTP or as gRPC gives them.
enum HTTP2Trailers {
    case http(HTTPHeaders)
    case native(HPACKHeaders)
}
