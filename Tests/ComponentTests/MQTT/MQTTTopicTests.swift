import Testing

@testable import MechaMQTT

@Suite struct MQTTTopicTests {
    @Test(arguments: [
        ("a", "a", true), ("a", "b", false), ("a", "a/b", false), ("a/b", "a/b", true), ("a/+", "a/b", true), ("a/+", "a", false),
        ("a/+", "a/", true), ("a/+", "a/b/c", false), ("+", "a", true), ("+", "/a", false), ("+/+", "/a", true), ("/+", "/a", true),
        ("a/#", "a", true), ("a/#", "a/b/c", true), ("a/#", "ab", false), ("#", "a/b", true), ("#", "/", true), ("+/b/#", "a/b/c", true),
        ("+/b/#", "a/c", false), ("#", "$SYS/x", false), ("+/x", "$SYS/x", false), ("$SYS/#", "$SYS/x", true), ("a/b/", "a/b", false),
        ("a//b", "a//b", true), ("a/+/b", "a//b", true), ("sport/tennis/#", "sport/tennis/player1/ranking", true),
    ])
    func `filters match as the standard says`(_ filter: String, _ name: String, _ matches: Bool) {
        #expect(MQTTTopic.matches(filter, name) == matches)
    }

    @Test(arguments: [
        ("a", true), ("", false), ("#", true), ("a/#", true), ("a#", false), ("a/#/b", false), ("+", true), ("a+", false), ("a/+/b", true),
        ("a\0", false), ("/", true),
    ])
    func `filters are checked`(_ filter: String, _ isFilter: Bool) {
        #expect(MQTTTopic.isFilter(filter) == isFilter)
    }

    @Test(arguments: [
        ("a/b", "a/b"), ("$share/g/a/b", "a/b"), ("$share/g/#", "#"), ("$share/g", nil), ("$share//a", nil), ("$share/g/", nil),
        ("$share/+/a", nil), ("$shared/g/a", "$shared/g/a"),
    ])
    func `a shared subscription is taken apart`(_ topic: String, _ filter: String?) {
        #expect(MQTTTopic.filter(of: topic) == filter)
    }
}
