import MechaCore
import MechaInvocation
import MechaWire
import NIOHTTP1

/// Headers on their way to a guest and back.
enum FunctionHeaders {
    /// Makes the request what the guest sees: what an HTTP app would get, and the host that was asked for.
    static func prepare(_ request: inout AppRequest, for function: AppAddress) {
        let verb = request.verb ?? .POST
        request.headers =
            RequestHeaders.head(
                HTTPRequestHead(version: .http1_1, method: verb, uri: request.method.target, headers: request.httpHeaders),
                target: request.method.target, .init(caller: request.caller, callee: function, trace: request.trace, keepsHost: true)
            ).headers
        request.verb = verb
        if request.headers.contains(name: FunctionChannel.entranceHeader) {
            request.headers.remove(name: FunctionChannel.entranceHeader)
        }
        request.carriesMetadata = false
        if request.contentType == nil { request.contentType = request.headers.first(name: "content-type") }
    }

    /// Leaves out of the guest's headers those that speak of a connection, frame the body, or are marks between runtimes,
    /// and what cannot stand in a head.
    static func filter(_ headers: inout HTTPHeaders) {
        if headers.allSatisfy({ isAllowed($0.name, $0.value) }) { return }
        headers = HTTPHeaders(headers.filter { isAllowed($0.name, $0.value) }.map { ($0.name, $0.value) })
    }

    private static func isAllowed(_ name: String, _ value: String) -> Bool {
        switch HeaderRule.of(name) {
        case .drop, .connection, .te: return false
        default: break
        }
        if name.equalsIgnoringCase("content-length") || name.equalsIgnoringCase("host") || isOurs(name) { return false }
        return Stickiness.isToken(name) && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }
    }

    private static func isOurs(_ name: String) -> Bool {
        name.utf8.count >= 6 && String(decoding: name.utf8.prefix(6), as: UTF8.self).equalsIgnoringCase("mecha-")
    }

    /// The value of a cookie of the request.
    static func cookie(_ name: String, in headers: HTTPHeaders) -> Substring? {
        for field in headers["cookie"] {
            for pair in field.split(separator: ";") {
                let pair = pair.drop { $0 == " " }
                if pair.hasPrefix(name), pair.dropFirst(name.count).first == "=" { return pair.dropFirst(name.count + 1) }
            }
        }
        return nil
    }
}
