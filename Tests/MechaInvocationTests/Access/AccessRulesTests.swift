import MechaCore
import MechaManifest
import NIOHTTP1
import Testing

@testable import MechaInvocation

@Suite struct AccessRulesTests {
    private func rules(_ yaml: String) throws -> AccessRules? {
        let report = try manifest(
            "apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: {name: c}\nspec: {accessControl: \(yaml)}\n")
        #expect(report.errors.isEmpty, "\(report.errors)")
        return AccessRules(report.resources.configuration.accessControl)
    }

    private static let shop = """
        {defaultAction: deny, trustDomain: public, policies: [
          {appId: web, defaultAction: deny, trustDomain: public, namespace: default, operations: [
            {name: /orders, httpVerb: [GET, POST], action: allow}, {name: /orders/*, httpVerb: ['*'], action: allow},
            {name: /orders/secret, action: deny}, {name: /static/**, httpVerb: [GET], action: allow}, {name: /pkg.Svc/Do, action: allow}]},
          {appId: admin, defaultAction: allow, namespace: ops, operations: [{name: /drop, httpVerb: [DELETE], action: deny}]}]}
        """

    @Test(arguments: [
        ("web", "", "/orders", "GET", true, true), ("web", "default", "/orders", "POST", true, true),
        ("web", "", "/orders", "PUT", false, true),
        ("web", "", "/ORDERS", "GET", true, true), ("web", "", "/orders/7", "DELETE", true, true),
        ("web", "", "/orders/7/8", "GET", false, true),
        ("web", "", "/orders/secret", "GET", false, true), ("web", "", "/orders/%73ecret", "GET", false, true),
        ("web", "", "/orders/x/../secret", "GET", false, true), ("web", "", "/orders//secret", "GET", false, true),
        ("web", "", "/orders/a%2Fb", "GET", false, true), ("web", "", "/static", "GET", true, true),
        ("web", "", "/static/a/b", "GET", true, true),
        ("web", "", "/static/a", "POST", false, true), ("web", "", "/other", "GET", false, true),
        ("web", "", "/orders/%zz", "GET", false, true),
        ("web", "prod", "/orders", "GET", false, false), ("nobody", "", "/orders", "GET", false, false),
        ("admin", "ops", "/anything", "GET", true, true),
        ("admin", "ops", "/drop", "DELETE", false, true), ("admin", "ops", "/drop", "GET", true, true),
        ("admin", "", "/drop", "GET", false, false),
    ])
    func `who may call what`(_ app: String, _ namespace: String, _ path: String, _ verb: String, _ isAllowed: Bool, _ isAppPolicy: Bool)
        throws
    {
        let rules = try #require(try rules(Self.shop))
        let decision = rules.decide(caller: AppAddress(appID: app, namespace: namespace), path: path, verb: verb)
        #expect(decision.isAllowed == isAllowed && decision.isAppPolicy == isAppPolicy)
    }

    @Test func `gRPC has no verbs and minds the case`() throws {
        let rules = try #require(try rules(Self.shop))
        #expect(rules.decide(caller: AppAddress(appID: "web"), path: "/pkg.Svc/Do", verb: nil).isAllowed)
        #expect(!rules.decide(caller: AppAddress(appID: "web"), path: "/pkg.svc/do", verb: nil).isAllowed)
        #expect(!rules.decide(caller: nil, path: "/orders", verb: "GET").isAllowed)
    }

    @Test func `defaults`() throws {
        #expect(try rules("{}") == nil)
        #expect(try rules("{defaultAction: allow}") == nil)
        #expect(try rules("{defaultAction: deny}")?.decide(caller: nil, path: "/", verb: "GET").isAllowed == false)
        // With policies and no default, whom none names is kept out.
        #expect(
            try rules("{policies: [{appId: a, defaultAction: allow}]}")?.decide(caller: AppAddress(appID: "b"), path: "/", verb: "GET")
                .isAllowed == false)
        #expect(try rules("{policies: [{appId: a}]}")?.decide(caller: AppAddress(appID: "a"), path: "/", verb: "GET").isAllowed == false)
    }

    @Test(arguments: [true, false]) func `a callee keeps callers out, in this process and from others`(isLocal: Bool) async throws {
        try await TestRuntime.run { runtime in
            let app = runtime.app("shop", port: try await runtime.listen(DemoApp.service))
            app.access.replace(try rules(Self.shop)) { _ in }
            let own = runtime.app("web", port: nil)
            let apps = LocalApps()
            if isLocal { apps.add(app) } else { runtime.resolver.set(app.address, [try await runtime.peer(app)]) }
            let (invoker, port) = try await runtime.runtime(of: own, apps: apps)
            #expect(try await runtime.request("/v1.0/invoke/shop/method/static/x", port: port).status == 404)
            let denied = try await runtime.request("/v1.0/invoke/shop/method/status/200", port: port)
            #expect(denied.status == 599 && denied.body == "denied")
            await #expect(throws: InvocationError.self) {
                try await invoker.invoke(AppRequest(.GET, try MethodPath("/status/200")), at: .app(app.address))
            }
            // An app may always call itself.
            let (_, ownPort) = try await runtime.runtime(of: app)
            #expect(try await runtime.request("/v1.0/invoke/shop/method/status/200", port: ownPort).status == 200)
        }
    }
}
