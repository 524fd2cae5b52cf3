import MechaCore
import Testing

@testable import mecha

@Suite struct OutputTests {
    @Test func `JSON for people has one member per line`() {
        let data: JSON = ["a": 1, "b": ["x", ["c": nil]], "empty": [], "none": [:]]
        #expect(
            data.prettyText == """
                {
                  "a": 1,
                  "b": [
                    "x",
                    {
                      "c": null
                    }
                  ],
                  "empty": [],
                  "none": {}
                }
                """)
    }

    @Test func `YAML keeps strings that look like something else`() throws {
        let data: JSON = [
            "text": "plain words", "number": "3500", "flag": "true", "empty": "", "path": "/a/b", "count": 3, "on": true, "list": ["a"],
            "nothing": nil, "none": [],
        ]
        #expect(
            try data.yamlText() == """
                text: plain words
                number: "3500"
                flag: "true"
                empty: ""
                path: /a/b
                count: 3
                on: true
                list:
                - a
                nothing: null
                none: []

                """)
    }

    @Test func `a table's columns are as wide as their widest entries`() {
        let table = TextTable(headings: ["ID", "PORT"], rows: [["orders", "3500"], ["a", "1"]])
        #expect(table.text == "ID      PORT\norders  3500\na       1")
    }

    @Test func `text in a path is encoded but for what is kept`() {
        #expect(PercentCoding.encode("a b/ü%", keeping: "/") == "a%20b/%C3%BC%25")
        #expect(PercentCoding.encode("a/b?c=d~e") == "a%2Fb%3Fc%3Dd~e")
    }

    @Test func `status lines can be JSON`() throws {
        let line = Console(isJSON: true).line(.success, "Exited \"App\"")
        let json = try JSON.parse(line)
        #expect(json["msg"] == "Exited \"App\"")
        #expect(json["status"] == "success")
        #expect(json["level"] == "info")
    }

    @Test func `a component describes itself`() throws {
        let descriptor = ComponentDescriptor(
            type: "state.example", versions: ["v1", "v2"], aliases: ["state.sample"], summary: "Keeps nothing.",
            fields: [
                MetadataField("host", required: true, "Where it is."),
                MetadataField("password", secret: true, "What it wants."),
                MetadataField("mode", default: "fast", choices: ["fast", "safe"], "How it works."),
            ], capabilities: ["ETAG"], make: { _, _ in throw CapabilityError(.unsupported, "never made") })
        let description = ComponentDescription(descriptor)
        #expect(
            description.text == """
                state.example  (v1, v2)
                Keeps nothing.
                Also known as: state.sample
                Capabilities: ETAG

                Metadata (* required):
                NAME      TYPE    DEFAULT  DESCRIPTION
                host *    string           Where it is.
                password  string           What it wants. Secret.
                mode      string  fast     How it works. One of: fast, safe.
                """)
        #expect(description.json["metadata"]?.arrayValue?.first?["required"] == true)
    }
}
