import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaMiddleware

@Suite struct RouterMiddlewareTests {
    @Test(
        arguments: [
            ("/v1.0/invoke/orders/method/x", nil), ("/v1.0/invoke/a.b-c/method/x?q=1", nil), ("/v1.0/state/store", 400), ("/", 400),
        ] as [(String, Int?)])
    func `routerchecker refuses what the rule does not match`(_ target: String, _ status: Int?) throws {
        let step = try middleware(RouterCheckerMiddleware.descriptor, ["rule": "^/v1.0/invoke/[a-z.-]+/method/"])
        var request = getRequest(target)
        #expect(step.judge(&request).status == status)
    }

    @Test(arguments: [[:], ["rule": "["], ["rule": "(?=x)"]])
    func `routerchecker names a rule that is none`(_ metadata: [String: String]) {
        let error = #expect(throws: MetadataError.self) { try middleware(RouterCheckerMiddleware.descriptor, metadata) }
        #expect(error?.field == "rule")
    }

    private static let routes = """
        {"/mall/activity/info": "/v1.0/invoke/srv/method/mall/activity/info",
         "/hello/{id:[0-9]+}": "/v1.0/invoke/srv/method/hello?fixed=1",
         "/files/v{version}.json": "/v1.0/state/s/versions"}
        """

    @Test(arguments: [
        ("/mall/activity/info", "/v1.0/invoke/srv/method/mall/activity/info"),
        ("/mall/activity/info?id=123", "/v1.0/invoke/srv/method/mall/activity/info?id=123"),
        ("/mall/activity/info/", "/mall/activity/info/"), ("/mall/activity", "/mall/activity"),
        ("/hello/42", "/v1.0/invoke/srv/method/hello?fixed=1&id=42"),
        ("/hello/42?a=b", "/v1.0/invoke/srv/method/hello?fixed=1&a=b&id=42"),
        ("/hello/x42", "/hello/x42"), ("/files/v1%262.json", "/v1.0/state/s/versions?version=1%262"), ("/files/v.json", "/files/v.json"),
        ("/v1.0/metadata", "/v1.0/metadata"),
    ])
    func `routeralias rewrites targets and nothing else`(_ target: String, _ expected: String) throws {
        for text in [Self.routes, Self.yaml] {
            let step = try middleware(RouterAliasMiddleware.descriptor, ["routes": text])
            var request = getRequest(target)
            #expect(step.judge(&request).passes)
            #expect(request.head.uri == expected)
        }
    }

    private static let yaml = """
        # aliases
        /mall/activity/info: /v1.0/invoke/srv/method/mall/activity/info
        "/hello/{id:[0-9]+}": "/v1.0/invoke/srv/method/hello?fixed=1"

        /files/v{version}.json: /v1.0/state/s/versions
        """

    @Test func `routeralias takes a path as a field, as older files have it`() throws {
        let step = try middleware(RouterAliasMiddleware.descriptor, ["/a/{b}": "/v1.0/metadata"])
        var request = getRequest("/a/c")
        _ = step.judge(&request)
        #expect(request.head.uri == "/v1.0/metadata?b=c")
    }

    @Test(arguments: [
        "{", "{\"/a\": 1}", "{\"/a\": \"b\"}", "{\"a\": \"/b\"}", "{\"/a{\": \"/b\"}", "{\"/{:x}\": \"/b\"}", "{\"/{a:[}\": \"/b\"}",
        "/a /b",
    ])
    func `routeralias names routes that make no sense`(_ routes: String) {
        let error = #expect(throws: MetadataError.self) { try middleware(RouterAliasMiddleware.descriptor, ["routes": routes]) }
        #expect(error?.field == "routes")
    }
}
