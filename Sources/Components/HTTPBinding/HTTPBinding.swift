// MechaHTTPBinding (L2): `bindings.http`, calls of any HTTP endpoint as an output binding.
// It may import NIO, MechaCore and MechaWire, and no other component.
import MechaCore
import MechaWire
import NIOCore
import NIOHTTP1
import Synchronization

/// `bindings.http`: an operation is a verb; metadata of a request whose name begins with a capital letter is
/// a header.
public final class HTTPBinding: OutputBinding {
    private let settings: HTTPBindingSettings
    private let group: any EventLoopGroup
    private let client = Mutex<HTTPClient?>(nil)
    private let isClosed = Atomic(false)

    init(settings: HTTPBindingSettings, group: any EventLoopGroup) {
        self.settings = settings
        self.group = group
    }

    /// `create` is a POST, as older applications write it.
    public let operations = ["create", "get", "head", "post", "put", "patch", "delete", "options", "trace"]

    /// Nothing is known of the endpoint before it is called.
    public var status: ComponentStatus { isClosed.load(ordering: .relaxed) ? ComponentStatus(.closed) : .ready }

    public func start() async throws {
        let loops = try await EventLoops.joining(group)
        client.withLock { $0 = HTTPClient(loops: loops) }
    }

    public func close() async {
        isClosed.store(true, ordering: .relaxed)
        let client = client.withLock { client in
            defer { client = nil }
            return client
        }
        await client?.close()
    }

    public func invoke(_ request: BindingRequest) async throws -> BindingResponse {
        guard operations.contains(request.operation.lowercased()) else {
            throw CapabilityError(
                .unsupported, "operation \"\(request.operation)\" is not one of \(operations.joined(separator: ", "))")
        }
        guard let client = client.withLock({ $0 }) else { throw CapabilityError(.closed, "the HTTP binding is closed") }
        let failsUnlessSuccessful = try Self.flag(request, "errorIfNot2XX") ?? settings.failsUnlessSuccessful
        var call = try HTTPBindingCall(request, settings)
        let deadline = settings.responseTimeout.map { NIODeadline.now() + .nanoseconds($0.wholeNanoseconds) }
        var response = try await send(call, over: client, deadline)
        var redirects = 0
        while let next = try call.redirected(by: response) {
            redirects += 1
            guard redirects <= HTTPBindingCall.maximumRedirects else {
                throw CapabilityError(.backend, "the endpoint redirected more than \(HTTPBindingCall.maximumRedirects) times")
            }
            call = next
            response = try await send(call, over: client, deadline)
        }
        if failsUnlessSuccessful, response.status.code / 100 != 2 {
            throw CapabilityError(.backend, "received status code \(response.status.code)")
        }
        return BindingResponse(
            data: response.body, contentType: response.headers.first(name: "content-type"), metadata: Self.metadata(response))
    }

    private func send(_ call: HTTPBindingCall, over client: HTTPClient, _ deadline: NIODeadline?) async throws -> ClientResponse {
        do {
            return try await client.execute(call.request(settings), deadline: deadline)
        } catch let error as WireError {
            throw CapabilityError(Self.code(error), "the endpoint \(call.url.origin): \(error.message)", cause: error)
        }
    }

    private static func code(_ error: WireError) -> CapabilityError.Code {
        switch error.code {
        case .timeout: .timeout
        case .tooLarge, .overloaded: .resourceExhausted
        case .closing: .closed
        case .malformed: .backend
        default: .unavailable
        }
    }

    private static func flag(_ request: BindingRequest, _ key: String) throws -> Bool? {
        guard let text = request.value(key), !text.isEmpty else { return nil }
        do {
            return try ComponentMetadata([(key, text)]).bool(key)
        } catch {
            throw CapabilityError(.invalidArgument, String(describing: error))
        }
    }

    /// Status and headers, by the names that HTTP/1.1 servers write.
    private static func metadata(_ response: ClientResponse) -> [String: String] {
        var metadata = ["statusCode": String(response.status.code), "status": "\(response.status.code) \(response.status.reasonPhrase)"]
        for (name, value) in response.headers {
            let name = canonical(name)
            metadata[name] = metadata[name].map { "\($0), \(value)" } ?? value
        }
        return metadata
    }

    private static func canonical(_ name: String) -> String {
        name.split(separator: "-", omittingEmptySubsequences: false)
            .map { $0.prefix(1).uppercased() + $0.dropFirst().lowercased() }.joined(separator: "-")
    }
}
