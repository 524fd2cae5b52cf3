import Testing

@testable import MechaManifest

@Suite struct Documents {
    @Test func `JSON goes the same way`() throws {
        let report = parse(
            #"""
            {
            	"apiVersion":"dapr.io/v1alpha1","kind":"Component",
            	"metadata":{"name":"c"},
            	"spec":{"type":"a.b","metadata":[{"name":"x","value":"\/\u00e9\n"},{"name":"y","value":5}]}
            }
            """#)
        #expect(report.errorTexts + report.warningTexts == [])
        #expect(report.resources.components.first?.spec.metadata == [NamedValue("x", .text("/é\n")), NamedValue("y", .text("5"))])
    }

    @Test func `empty texts and empty documents give nothing`() {
        for text in ["", "\n\n", "---\n---\n", "# only a comment", "--- \n...\n"] {
            #expect(parse(text) == ManifestReport())
        }
    }

    @Test func `a document that cannot be read hides no other`() {
        let good = "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: NAME}\nspec: {type: a.b}\n"
        let report = parse(
            good.replacing("NAME", with: "one") + "---\na: [1, 2\nb: c\n---\n" + good.replacing("NAME", with: "two") + "---\na: b: c\n"
                + "---\n" + good.replacing("NAME", with: "three").replacing("a.b", with: "x"))
        #expect(report.resources.components.map(\.name) == ["one", "two"])
        #expect(report.errors.map(\.location.line) == [7, 14, 19])
        #expect(report.errors.last?.resource == "Component/three")
    }

    @Test(arguments: [
        ("a: b\n\tc: d", 2, "a tab stands in the indentation"), ("kind: [Component", 1, "did not find expected"),
        ("a: \"b", 1, "unexpected end of stream"), ("a: b: c", 1, "mapping values are not allowed"),
        ("a: 1\na: 2", 2, "stands twice"), ("a: *b", 1, "names no anchor"), ("? [a]\n: b", 1, "expected text"),
        ("a: \u{1}", 1, "control characters"),
        ("- a\n- b", 1, "is a list; expected a mapping"), ("text", 1, "is a single value; expected a mapping"),
        ("a: {<<: 5}", 1, "the merge key"), ("%YAML 3.0\n---\na: b", 1, "incompatible YAML"),
    ])
    func `broken YAML gives an error with its line`(text: String, line: Int, message: String) {
        let report = parse(text)
        #expect(report.errors.count == 1)
        #expect(report.errors.first?.location.line == line)
        #expect(report.errors.first?.message.contains(message) == true, "\(report.errorTexts)")
    }

    @Test func `anchors, aliases and merge keys work`() {
        let report = parse(
            """
            apiVersion: dapr.io/v1alpha1
            kind: Component
            metadata: {name: c}
            spec:
              type: &type a.b
              version: *type
              metadata:
              - &first {name: x, value: 1}
              - {<<: *first, value: 2}
              - <<: [*first, {value: 3, envRef: E}]
            """)
        #expect(report.errorTexts == [])
        #expect(report.resources.components.first?.spec.version == "a.b")
        #expect(report.resources.components.first?.spec.metadata.map(\.value) == [.text("1"), .text("2"), .text("1")])
    }

    @Test func `a YAML bomb is refused at once`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...60 { text += "a\(level): &a\(level) [\((0..<9).map { _ in "*a\(level - 1)" }.joined(separator: ", "))]\n" }
        #expect(parse(text).errors.map(\.message) == ["the document holds more than 100000 values, aliases expanded"])
    }

    @Test func `nesting is bounded in every form`() {
        let flow = String(repeating: "[", count: 5_000)
        let block = String(repeating: "- ", count: 5_000)
        let braces = String(repeating: "{a: ", count: 5_000)
        var aliases = "x0: &x0 [[[[[[[[[[1]]]]]]]]]]\n"
        for level in 1...8 { aliases += "x\(level): &x\(level) [[[[[[[[[[*x\(level - 1)]]]]]]]]]]\n" }
        for text in [flow, block, braces, aliases] {
            #expect(parse(text).errors.first?.message.hasPrefix("nested") == true, "\(parse(text).errorTexts)")
        }
    }

    @Test func `a file of broken documents is given up at the limit`() {
        let report = parse(String(repeating: "---\n[\n", count: 150_000))
        #expect(report.errors.count == 101 && report.resources.isEmpty)
    }

    @Test func `the limits of a file hold`() {
        var limits = ManifestLimits()
        limits.maximumDocumentsPerFile = 2
        limits.maximumFileBytes = 100
        limits.maximumProblemsPerFile = 3
        #expect(parse("a: 1\n---\nb: 2\n---\nc: 3\n---\nd: 4", limits: limits).errors.map(\.message) == ["has more than 2 documents"])
        #expect(parse(String(repeating: "#", count: 101), limits: limits).errors.map(\.message) == ["is longer than 100 bytes"])
        let many = parse("kind: Component\nmetadata: {name: a/b}\nspec: {initTimeout: x, ignoreErrors: x, scope: y}", limits: limits)
        #expect(many.errors.count == 4 && many.errors.last?.message == "has further errors, which are not listed")
    }
}
