import MechaCore
import NIOCore

extension StateStoreConformance {
    static let listingCases: [Case] = [
        Case("keys with a prefix are listed in order and page by page", needs: .keysLike) { suite, keys in
            let names = ["a-1", "a-2", "a-3", "a-30", "a-4"]
            for name in names + ["b-1", "A-1"] { try await suite.put(keys[name], "value") }
            let all = try await suite.store.keys(withPrefix: keys["a-"], after: nil, limit: 100)
            try checkEqual(all, names.map { keys[$0] }, "all keys")
            var pages: [[String]] = []
            var cursor: String?
            repeat {
                let page = try await suite.store.keys(withPrefix: keys["a-"], after: cursor, limit: 2)
                if !page.isEmpty { pages.append(page) }
                cursor = page.last
            } while cursor != nil && pages.count < 10
            try checkEqual(pages.map(\.count), [2, 2, 1], "the sizes of the pages")
            try checkEqual(pages.flatMap(\.self), all, "the keys of all pages")
            try checkEqual(try await suite.store.keys(withPrefix: keys["none"], after: nil, limit: 5), [], "keys of an unused prefix")
        },
        Case("characters that patterns use stand for themselves in a prefix", needs: .keysLike) { suite, keys in
            for (pattern, other) in [("100%", "1000"), ("a_b", "axb"), ("s*r", "star"), ("q?", "qx"), ("[ab]", "a"), (#"b\s"#, "bs")] {
                try await suite.put(keys[pattern + "-key"], "value")
                try await suite.put(keys[other + "-key"], "value")
                let found = try await suite.store.keys(withPrefix: keys[pattern], after: nil, limit: 10)
                try checkEqual(found, [keys[pattern + "-key"]], "keys that begin with \(pattern)")
            }
        },
        Case("deleting by prefix removes those keys, answers how many, and leaves the rest", needs: .deleteWithPrefix) { suite, keys in
            for name in ["p%_*||1", "p%_*||2", "p%_*||3||4", "pxyz||1", "p%_", "other"] { try await suite.put(keys[name], "value") }
            try checkEqual(try await suite.store.deleteAll(withPrefix: keys["p%_*||"]), 3, "keys deleted")
            for name in ["p%_*||1", "p%_*||2", "p%_*||3||4"] { try await suite.expect(keys[name], nil, name) }
            for name in ["pxyz||1", "p%_", "other"] { try await suite.expect(keys[name], "value", name) }
            try checkEqual(try await suite.store.deleteAll(withPrefix: keys["p%_*||"]), 0, "keys deleted the second time")
        },
    ]
}
