import MechaCore
import Testing

@testable import MechaInvocation

@Suite struct InvocationPathTests {
    @Test(arguments: [
        ("/v1.0/invoke/orders/method/new", "orders", "/new"), ("/v1.0/invoke/orders/method/a/b?x=1", "orders", "/a/b?x=1"),
        ("/v1.0/invoke/orders/method/", "orders", "/"), ("/v1.0/invoke/http://host:80/method/x", "http://host:80", "/x"),
        ("/v1.0/invoke/http%3A%2F%2Fhost/method/x/method/y", "http%3A%2F%2Fhost", "/x/method/y"),
        ("/v1.0/invoke/a/method/b?c=/method/d", "a", "/b?c=/method/d"), ("/v1.0/invoke/a/method/b?", "a", "/b"),
        ("/v1.0/invoke/a/method/?x=1", "a", "/?x=1"), ("/v1.0/invoke/a/method/b//c/?x=?", "a", "/b/c?x=?"),
        ("/v1.0/invoke/a/method//b", "a", "/b"), ("/v1.0/invoke/a//method/b", "a/", "/b"),
        // A combining accent after a slash is part of what follows, not of the slash.
        ("/v1.0/invoke/a/method/\u{301}b", "a", "/\u{301}b"), ("/v1.0/invoke/\u{301}a/method/b", "\u{301}a", "/b"),
    ])
    func `target and method are read from the path`(uri: String, target: String, method: String) throws {
        let path = try InvocationPath(requestTarget: uri)
        #expect(path?.target == target)
        #expect(path?.method.target == method)
    }

    @Test(arguments: [
        "/v1.0/invoke/orders", "/v1.0/invoke//method/x", "/v1.0/state/x", "/v1.0/invoke/a/methods/x", "/",
        "", "/v1.0/invoke/", "/v1.0/invoke/a/method", "/v1.0/invoke/a?/method/x", "/V1.0/invoke/a/method/x", "v1.0/invoke/a/method/x",
    ])
    func `other paths are not invocations`(uri: String) throws {
        #expect(try InvocationPath(requestTarget: uri) == nil)
    }

    @Test func `headers may name the app`() {
        let credentials = Base64.encode("dapr-app-id:orders".utf8)
        #expect(InvocationPath.appID(header: "a", authorization: nil) == "a")
        #expect(InvocationPath.appID(header: nil, authorization: "Basic \(credentials)") == "orders")
        #expect(InvocationPath.appID(header: "", authorization: "basic \(credentials)") == "orders")
        #expect(InvocationPath.appID(header: nil, authorization: "Basic \(Base64.encode("user:secret".utf8))") == nil)
        #expect(InvocationPath.appID(header: nil, authorization: "Basic ???") == nil)
        #expect(InvocationPath.appID(header: nil, authorization: "Bearer x") == nil)
    }
}
