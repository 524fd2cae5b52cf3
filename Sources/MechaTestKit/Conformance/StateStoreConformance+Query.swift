import MechaCore
import NIOCore

extension StateStoreConformance {
    static let queryCases: [Case] = [
        Case("a query finds what its filter says, in the order it asks for", needs: .query) { suite, keys in
            try await suite.putPeople(keys)
            let queries: [(filter: String, expected: [String])] = [
                (#"{"EQ": {"person.org": "A"}}"#, ["1", "3", "5"]),
                (#"{"NEQ": {"person.org": "A"}}"#, ["2", "4"]),
                (#"{"EQ": {"age": 30.0}}"#, ["2"]),
                (#"{"GT": {"age": 30}}"#, ["3", "4"]),
                (#"{"GTE": {"age": 30}}"#, ["2", "3", "4"]),
                (#"{"LT": {"age": 30}}"#, ["1"]),
                (#"{"LTE": {"state": "CA"}}"#, ["1", "2"]),
                (#"{"IN": {"state": ["WA", "TX"]}}"#, ["3", "4", "5"]),
                (#"{"AND": [{"EQ": {"person.org": "A"}}, {"GTE": {"age": 20}}]}"#, ["1", "3"]),
                (#"{"OR": [{"EQ": {"state": "TX"}}, {"AND": [{"EQ": {"state": "CA"}}, {"LT": {"age": 25}}]}]}"#, ["1", "5"]),
                (#"{"EQ": {"no.such.path": 1}}"#, []),
                (#"{"EQ": {"person.org": "' OR 1=1 --"}}"#, []),
            ]
            for (filter, expected) in queries {
                let page = try await suite.query(#"{"filter": \#(filter), "sort": [{"key": "id"}]}"#, keys)
                try checkEqual(page.results.map(\.key), expected.map { keys[$0] }, "what \(filter) finds")
            }
        },
        Case("a query gives values and etags as a read does", needs: .query) { suite, keys in
            try await suite.putPeople(keys)
            let page = try await suite.query(#"{"filter": {"EQ": {"id": 3}}}"#, keys)
            try checkEqual(page.results.first?.entry, try await suite.entry(keys["3"]), "the entry")
        },
        Case("a query sorts by several keys and both directions", needs: .query) { suite, keys in
            try await suite.putPeople(keys)
            let page = try await suite.query(
                #"{"filter": {"GT": {"age": 0}}, "sort": [{"key": "state", "order": "DESC"}, {"key": "age"}]}"#, keys)
            try checkEqual(page.results.map(\.key), ["3", "4", "1", "2"].map { keys[$0] }, "the order")
        },
        Case("pages of a query neither repeat nor leave out", needs: .query) { suite, keys in
            try await suite.putPeople(keys)
            for sort in ["[]", #"[{"key": "person.org"}]"#, #"[{"key": "age", "order": "DESC"}]"#] {
                var found: [String] = []
                var token: String?
                var pages = 0
                repeat {
                    var page = #"{"limit": 2"#
                    if let token { page += #", "token": \#(JSON.string(token).text)"# }
                    let result = try await suite.query(#"{"sort": \#(sort), "page": \#(page)}}"#, keys)
                    try check(result.results.count <= 2, "a page holds \(result.results.count) results")
                    found += result.results.map(\.key)
                    token = result.token
                    pages += 1
                } while token != nil && pages < 10
                try checkEqual(found.sorted(), (1...5).map { keys["\($0)"] }, "the keys of all pages sorted by \(sort)")
            }
        },
        Case("a query passes over expired entries and those outside its prefix", needs: [.query, .ttl]) { suite, keys in
            try await suite.put(keys["in||a"], #"{"n":1}"#)
            try await suite.put(keys["out||a"], #"{"n":1}"#)
            let query = try StateQuery.decode(ByteBuffer(string: #"{"filter": {"EQ": {"n": 1}}}"#), keyPrefix: keys["in||"])
            let page = try await suite.store.query(query, metadata: [:])
            try checkEqual(page.results.map(\.key), [keys["in||a"]], "the keys found")
        },
    ]

    private func putPeople(_ keys: StateCaseKeys) async throws {
        try await put(keys["1"], #"{"id": 1, "person": {"org": "A"}, "state": "CA", "age": 20}"#)
        try await put(keys["2"], #"{"id": 2, "person": {"org": "B"}, "state": "CA", "age": 30}"#)
        try await put(keys["3"], #"{"id": 3, "person": {"org": "A"}, "state": "WA", "age": 40}"#)
        try await put(keys["4"], #"{"id": 4, "person": {"org": "B"}, "state": "WA", "age": 50.5}"#)
        try await put(keys["5"], #"{"id": 5, "person": {"org": "A"}, "state": "TX"}"#)
    }

    private func query(_ text: String, _ keys: StateCaseKeys) async throws -> StateQueryPage {
        try await store.query(try StateQuery.decode(ByteBuffer(string: text), keyPrefix: keys.prefix), metadata: [:])
    }
}
