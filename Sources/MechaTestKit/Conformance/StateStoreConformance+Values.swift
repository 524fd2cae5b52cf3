import MechaCore
import NIOCore

extension StateStoreConformance {
    static let valueCases: [Case] = [
        Case("a missing key reads as nothing") { suite, keys in
            try await suite.expect(keys["never-written"], nil)
        },
        Case("JSON comes back as it was written") { suite, keys in
            for (index, value) in [#""a string""#, "42", "-1.50e3", "true", "null", "[]", #"{"b":1,"a":{"c":[1, 2]}}"#].enumerated() {
                try await suite.put(keys["json-\(index)"], value)
                try await suite.expect(keys["json-\(index)"], value)
            }
        },
        Case("text that is not JSON comes back as it was written") { suite, keys in
            try await suite.put(keys["text"], "half { a document, 'quoted' -- ; DROP TABLE state\n")
            try await suite.expect(keys["text"], "half { a document, 'quoted' -- ; DROP TABLE state\n")
        },
        Case("any bytes come back as they were written") { suite, keys in
            let samples: [[UInt8]] = [[0], [0xff, 0xfe, 0x00, 0x80], Array(0...255), [0x61, 0, 0x62], [0xed, 0xa0, 0x80]]
            for (index, bytes) in samples.enumerated() {
                try await suite.store.set(StateWrite(key: keys["bytes-\(index)"], value: ByteBuffer(bytes: bytes)))
                let found = try await suite.entry(keys["bytes-\(index)"])?.value
                try checkEqual(found, ByteBuffer(bytes: bytes), "bytes number \(index)")
            }
        },
        Case("an empty value is a value") { suite, keys in
            try await suite.put(keys["empty"], "")
            try await suite.expect(keys["empty"], "")
        },
        Case("a value of 2 MiB comes back whole") { suite, keys in
            var value = ByteBuffer(repeating: UInt8(ascii: "x"), count: 2 << 20)
            value.setInteger(UInt8(ascii: "y"), at: 1 << 20)
            try await suite.store.set(StateWrite(key: keys["large"], value: value))
            let found = try await suite.entry(keys["large"])?.value
            try check(found == value, "the value came back changed (\(found?.readableBytes ?? -1) bytes)")
        },
        Case("a later write replaces an earlier one") { suite, keys in
            try await suite.put(keys["twice"], "one")
            try await suite.put(keys["twice"], "two")
            try await suite.expect(keys["twice"], "two")
        },
        Case("a deleted key is missing, and deleting it again succeeds") { suite, keys in
            try await suite.put(keys["gone"], "here")
            try await suite.remove(keys["gone"])
            try await suite.expect(keys["gone"], nil)
            try await suite.remove(keys["gone"])
        },
        Case("strange keys are keys like any other") { suite, keys in
            let names = [
                " ", "two words", "tab\tand\nnewline", "100%", "under_score", "star*?[a-z]", #"back\slash"#, "'quote\"", "{hash}tag",
                "ключ-鍵-🔑", "trailing ", "a/b/c", "a:b:c", "-- comment", String(repeating: "k", count: 1024),
            ]
            for name in names { try await suite.put(keys[name], "value of \(name)") }
            for name in names { try await suite.expect(keys[name], "value of \(name)", "the value under \"\(name)\"") }
        },
        Case("keys that differ in their bytes only are different keys") { suite, keys in
            let pairs = [("caf\u{e9}", "cafe\u{301}"), ("Case", "case"), ("x", "x ")]
            for (index, (a, b)) in pairs.enumerated() {
                try await suite.put(keys[a], "first \(index)")
                try await suite.put(keys[b], "second \(index)")
                try await suite.expect(keys[a], "first \(index)")
                try await suite.expect(keys[b], "second \(index)")
            }
        },
    ]

    static let bulkCases: [Case] = [
        Case("a bulk read answers every key in order, missing ones as nothing") { suite, keys in
            try await suite.store.bulkSet((0..<20).map { write(keys["\($0)"], "value \($0)") })
            let wanted = [keys["7"], keys["missing"], keys["0"], keys["19"], keys["7"]]
            let results = try await suite.store.bulkGet(wanted, StateReadOptions(), parallelism: 4)
            try checkEqual(results.map(\.key), wanted, "the keys of the results")
            let values = try results.map { try $0.outcome.get().map { String(buffer: $0.value) } }
            try checkEqual(values, ["value 7", nil, "value 0", "value 19", "value 7"], "the values")
        },
        Case("a bulk read of nothing answers nothing") { suite, _ in
            try checkEqual(try await suite.store.bulkGet([], StateReadOptions(), parallelism: 1).count, 0, "results")
        },
        Case("a bulk delete removes what it names and nothing else") { suite, keys in
            try await suite.store.bulkSet((0..<5).map { write(keys["\($0)"], "value") })
            try await suite.store.bulkDelete([1, 3].map { StateRemoval(key: keys["\($0)"]) } + [StateRemoval(key: keys["missing"])])
            for index in 0..<5 { try await suite.expect(keys["\(index)"], index % 2 == 1 ? nil : "value", "key \(index)") }
        },
        Case("a refused item of a bulk write is reported and leaves the others written", needs: .etag) { suite, keys in
            try await suite.put(keys["b"], "old")
            try await suite.expectRefusal(.etagMismatch, "a first write to a key that exists") {
                try await suite.store.bulkSet([
                    write(keys["a"], "new"), write(keys["b"], "new", .firstWrite), write(keys["c"], "new"),
                ])
            }
            try await suite.expect(keys["a"], "new")
            try await suite.expect(keys["b"], "old")
            try await suite.expect(keys["c"], "new")
        },
        Case("a refused item of a bulk delete is reported and leaves the others deleted", needs: .etag) { suite, keys in
            try await suite.store.bulkSet(["a", "b", "c"].map { write(keys[$0], "value") })
            let stale = try await suite.etag(keys["b"])
            try await suite.put(keys["b"], "newer")
            try await suite.expectRefusal(.etagMismatch, "a removal with a stale etag") {
                try await suite.store.bulkDelete([
                    StateRemoval(key: keys["a"]), StateRemoval(key: keys["b"], etag: stale), StateRemoval(key: keys["c"]),
                ])
            }
            try await suite.expect(keys["a"], nil)
            try await suite.expect(keys["b"], "newer")
            try await suite.expect(keys["c"], nil)
        },
    ]
}
