import MechaCore
import NIOCore

extension StateStoreConformance {
    static let etagCases: [Case] = [
        Case("every write gives a new etag", needs: .etag) { suite, keys in
            try await suite.put(keys["k"], "same")
            let first = try await suite.etag(keys["k"])
            try checkEqual(try await suite.etag(keys["k"]), first, "the etag of a second read")
            try await suite.put(keys["k"], "same")
            try check(try await suite.etag(keys["k"]) != first, "a second write kept the etag")
        },
        Case("the right etag lets a write through", needs: .etag) { suite, keys in
            try await suite.put(keys["k"], "one")
            try await suite.put(keys["k"], "two", etag: try await suite.etag(keys["k"]))
            try await suite.put(keys["k"], "three", etag: try await suite.etag(keys["k"]), .firstWrite)
            try await suite.expect(keys["k"], "three")
        },
        Case("a stale etag stops a write and a removal", needs: .etag) { suite, keys in
            try await suite.put(keys["k"], "one")
            let stale = try await suite.etag(keys["k"])
            try await suite.put(keys["k"], "two")
            try await suite.expectRefusal(.etagMismatch, "a write with a stale etag") {
                try await suite.put(keys["k"], "three", etag: stale)
            }
            try await suite.expectRefusal(.etagMismatch, "a first write with a stale etag") {
                try await suite.put(keys["k"], "three", etag: stale, .firstWrite)
            }
            try await suite.expectRefusal(.etagMismatch, "a removal with a stale etag") {
                try await suite.remove(keys["k"], etag: stale)
            }
            try await suite.expect(keys["k"], "two")
        },
        Case("an etag never fits a missing key", needs: .etag) { suite, keys in
            try await suite.put(keys["k"], "one")
            let etag = try await suite.etag(keys["k"])
            try await suite.remove(keys["k"])
            try await suite.expectRefusal(.etagMismatch, "a write with an etag to a missing key") {
                try await suite.put(keys["k"], "two", etag: etag)
            }
            try await suite.expectRefusal(.etagMismatch, "a removal with an etag of a missing key") {
                try await suite.remove(keys["k"], etag: etag)
            }
            try await suite.expect(keys["k"], nil)
        },
        Case("an etag that the store never issued is refused", needs: .etag) { suite, keys in
            try await suite.put(keys["k"], "one")
            let code: CapabilityError.Code = suite.malformedEtag == .invalid ? .etagInvalid : .etagMismatch
            try await suite.expectRefusal(code, "a write with a malformed etag") {
                try await suite.put(keys["k"], "two", etag: "not an etag")
            }
            try await suite.expectRefusal(code, "a removal with a malformed etag") {
                try await suite.remove(keys["k"], etag: "not an etag")
            }
            try await suite.expect(keys["k"], "one")
        },
        Case("the right etag lets a removal through", needs: .etag) { suite, keys in
            try await suite.put(keys["k"], "one")
            try await suite.remove(keys["k"], etag: try await suite.etag(keys["k"]))
            try await suite.expect(keys["k"], nil)
        },
        Case("an empty etag counts as none", needs: .etag) { suite, keys in
            try await suite.put(keys["k"], "one", etag: "")
            try await suite.put(keys["k"], "two", etag: "")
            try await suite.expect(keys["k"], "two")
            try await suite.remove(keys["k"], etag: "")
            try await suite.expect(keys["k"], nil)
        },
        Case("a last write without an etag always happens", needs: .etag) { suite, keys in
            try await suite.put(keys["k"], "one", .lastWrite)
            try await suite.put(keys["k"], "two", .lastWrite)
            try await suite.expect(keys["k"], "two")
        },
    ]

    static let firstWriteCases: [Case] = [
        Case("a first write without an etag happens only on a missing key", needs: .etag) { suite, keys in
            for (name, etag) in [("none", nil), ("empty", "")] {
                try await suite.put(keys[name], "one", etag: etag, .firstWrite)
                try await suite.expectRefusal(.etagMismatch, "a second first write") {
                    try await suite.put(keys[name], "two", etag: etag, .firstWrite)
                }
                try await suite.expect(keys[name], "one")
            }
        },
        Case("a first write without an etag happens again after a removal", needs: .etag) { suite, keys in
            try await suite.put(keys["k"], "one", .firstWrite)
            try await suite.remove(keys["k"])
            try await suite.put(keys["k"], "two", .firstWrite)
            try await suite.expect(keys["k"], "two")
        },
        Case("a first write with the right etag happens once", needs: .etag) { suite, keys in
            try await suite.put(keys["k"], "one")
            let etag = try await suite.etag(keys["k"])
            try await suite.put(keys["k"], "two", etag: etag, .firstWrite)
            try await suite.expectRefusal(.etagMismatch, "a second first write with the same etag") {
                try await suite.put(keys["k"], "three", etag: etag, .firstWrite)
            }
            try await suite.expect(keys["k"], "two")
        },
    ]
}
