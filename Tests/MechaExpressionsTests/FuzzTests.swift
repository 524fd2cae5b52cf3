import MechaCore
import MechaTestKit
import Testing

@testable import MechaExpressions

/// Texts that nobody would write: reading and evaluating them ends, with a value or an error that names a place.
@Suite struct FuzzTests {
    private let event: JSON = [
        "type": "order", "data": ["n": 3, "list": [1, 2, "x", nil], "text": "héllo"], "flag": true,
    ]

    private let words = [
        "event", "event.data", ".n", ".list", "[0]", "1", "-1", "0u", "2.5", "'a'", "b'\\xff'", "r'\\d+'", "null", "true", "false",
        "(", ")", "[", "]",
        "{", "}", ",", ":", "?", "&&", "||", "!", "-", "+", "*", "/", "%", "==", "!=", "<", ">=", " in ", ".all(x,", ".map(y,",
        ".filter(z,",
        ".exists(x,", "x", "y", "size(", "int(", "string(", "has(", ".contains(", ".matches(", "timestamp(", "duration('1h')",
        ".getHours()", "type(",
        "\n", "//", "'", "\"\"\"", "\\", "`a`", "9223372036854775807", "\u{1F600}", "0x",
    ]

    private func check(_ source: String) {
        do {
            var limits = CELLimits()
            limits.evaluationSteps = 20_000
            let program = try CELProgram(source: source, variables: ["event"], limits: limits)
            _ = try program.evaluate(["event": CELValue(event)])
        } catch let error as CELSyntaxError {
            #expect(error.place.line >= 1 && error.place.column >= 1 && !error.problem.isEmpty, "\(source)")
            let lines = source.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(Int(error.place.line) <= lines.count, "\(source)")
        } catch let error as CELError {
            #expect(!error.message.isEmpty && error.place.column >= 1, "\(source)")
        } catch {
            Issue.record("\(error) of \(source)")
        }
    }

    @Test(arguments: 0..<8) func `words in any order`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<1_500 {
            check((0..<Int.random(in: 1...14, using: &random)).map { _ in words.randomElement(using: &random) ?? "" }.joined())
        }
    }

    @Test(arguments: 0..<4) func `good expressions with a few letters changed`(seed: UInt64) {
        let good = [
            "event.type == 'order' && event.data.n > 2", "event.data.list.exists(x, x == 'x') ? size(event.data.list) : -1",
            "{'a': [1, 2u, 3.0], 'b': b'\\x00'}.a.map(v, v > 1, string(v))",
            "timestamp('2026-01-01T00:00:00Z') + duration('1h') > timestamp(0)",
            "event.data.text.matches('^h[^a-f]l{1,3}o$') || !has(event.data.gone)",
        ].map { Array($0.unicodeScalars) }
        var random = SeededGenerator(seed: 100 + seed)
        let letters = Array("'\"()[]{}.,:?!&|<>=+-*/%\\`019aexu_ \n".unicodeScalars)
        for _ in 0..<1_500 {
            var scalars = good.randomElement(using: &random) ?? []
            for _ in 0...Int.random(in: 0...3, using: &random) where !scalars.isEmpty {
                let place = Int.random(in: 0..<scalars.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: scalars.remove(at: place)
                case 1: scalars.insert(letters.randomElement(using: &random) ?? "x", at: place)
                default: scalars[place] = letters.randomElement(using: &random) ?? "x"
                }
            }
            var source = ""
            source.unicodeScalars.append(contentsOf: scalars)
            check(source)
        }
    }

    @Test(arguments: 0..<4) func `patterns in any order`(seed: UInt64) {
        let pieces = [
            "a", "b", ".", "*", "+", "?", "{2}", "{1,3}", "(", ")", "|", "[", "]", "^", "$", "\\d", "\\b", "-", "(?i)", "(?:", "\\",
            "é", "[:alpha:]",
        ]
        var random = SeededGenerator(seed: 200 + seed)
        for _ in 0..<1_500 {
            let pattern = (0..<Int.random(in: 1...12, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
                .joined()
            guard let expression = try? RegularExpression(pattern) else { continue }
            _ = expression.matches("abababéé 12 ab")
        }
    }
}
