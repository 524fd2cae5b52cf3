/// Ids for apps that were given none: readable, and unlikely to meet twice on one machine.
enum RandomAppID {
    static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        return make(using: &generator)
    }

    static func make(using generator: inout some RandomNumberGenerator) -> String {
        let adjective = adjectives[Int.random(in: adjectives.indices, using: &generator)]
        let noun = nouns[Int.random(in: nouns.indices, using: &generator)]
        return "\(adjective)-\(noun)-\(Int.random(in: 100...999, using: &generator))"
    }

    static let adjectives = [
        "amber", "bold", "brisk", "calm", "clever", "copper", "crisp", "early", "fair", "fleet", "gentle", "golden",
        "hardy", "keen", "late", "light", "lively", "lucky", "mellow", "merry", "nimble", "plain", "proud", "quick",
        "quiet", "rapid", "shiny", "silver", "steady", "sunny", "warm", "wise",
    ]

    static let nouns = [
        "acorn", "anchor", "badger", "beacon", "birch", "brook", "cedar", "comet", "crane", "ember", "falcon", "fern",
        "finch", "harbor", "heron", "island", "lantern", "lark", "maple", "meadow", "otter", "pebble", "pine", "raven",
        "reef", "river", "sparrow", "summit", "thistle", "tiller", "willow", "wren",
    ]
}
