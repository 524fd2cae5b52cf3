import MechaCore
import Testing

@testable import MechaMessaging

@Suite struct TopicScopesTests {
    private func scopes(_ pairs: [String: String], app: String = "a") -> TopicScopes { TopicScopes(ComponentMetadata(pairs), appID: app) }

    @Test func `without scopes everything is allowed`() {
        #expect(scopes([:]).allowsPublishing(to: "t"))
        #expect(scopes([:]).allowsSubscription(to: "t"))
    }

    @Test(arguments: [
        ("a=t1,t2;b=t3", "t1", true), ("a=t1,t2;b=t3", "t3", false), ("b=t3", "t1", true), ("a=", "t1", false),
        (" a = t1 , t2 ; b=t3", "t2", true), ("a", "t1", true), (";;a=t1;", "t1", true),
    ])
    func `an app's own list is its limit`(list: String, topic: String, isAllowed: Bool) {
        #expect(scopes(["publishingScopes": list]).allowsPublishing(to: topic) == isAllowed)
        #expect(scopes(["SubscriptionScopes": list]).allowsSubscription(to: topic) == isAllowed)
    }

    @Test func `allowed topics bound everybody`() {
        let bounded = scopes(["allowedTopics": "t1,t2", "publishingScopes": "a=t2,t3"])
        #expect(!bounded.allowsPublishing(to: "t1"))
        #expect(bounded.allowsPublishing(to: "t2"))
        #expect(!bounded.allowsPublishing(to: "t3"))
        #expect(bounded.allowsSubscription(to: "t1"))
    }

    @Test func `protected topics must be named`() {
        #expect(!scopes(["protectedTopics": "s"]).allowsPublishing(to: "s"))
        #expect(scopes(["protectedTopics": "s", "publishingScopes": "a=s"]).allowsPublishing(to: "s"))
        #expect(!scopes(["protectedTopics": "s", "publishingScopes": "a=s"]).allowsSubscription(to: "s"))
    }
}
