import Testing

@testable import MechaExpressions

@Suite struct RegularExpressionTests {
    @Test(
        arguments: [
            ("", ["", "x"], []), ("abc", ["abc", "xabcx"], ["ab", "ABC"]), ("^abc$", ["abc"], ["abcd", "\nabc"]),
            ("a|b|", ["", "x"], []),
            ("^(a|bc)+$", ["abca", "bc"], ["", "b"]), ("^a*b?c+$", ["c", "aaabcc"], ["ab", "bbc"]),
            ("^a{2,3}$", ["aa", "aaa"], ["a", "aaaa"]),
            ("^a{2}$", ["aa"], ["aaa"]), ("^a{2,}$", ["aa", "aaaaa"], ["a"]), ("^a{,2}$", ["a{,2}"], ["aa"]),
            ("^.$", ["a", "é", "😀"], ["\n", "ab"]),
            ("(?s)^.$", ["\n"], []), ("(?m)^b$", ["a\nb\nc"], ["ab"]), ("(?i)straße", ["STRAßE", "StraßE"], ["strase"]),
            ("(?i:A)b", ["ab", "Ab"], ["aB"]),
            ("^[a-c^-]+$", ["ab^-"], ["d"]), ("^[^a-c]$", ["d", "\n"], ["a"]), ("^[]x]$", ["]", "x"], ["y"]),
            ("^[\\d\\-x]+$", ["1-x"], ["y"]),
            ("^\\d\\D\\w\\W\\s\\S$", ["1aa- x"], ["aaa- x"]), ("\\bfoo\\b", ["a foo b", "foo"], ["afoo", "foo_"]),
            ("\\Bo", ["fo"], ["o"]),
            ("^[[:alpha:]_]+$", ["ab_"], ["a1"]), ("^[[:^digit:]]$", ["x"], ["1"]), ("^\\pL+$", ["aé"], ["1"]),
            ("^\\p{Lu}\\P{Lu}$", ["Éa"], ["aa"]),
            ("^\\x41\\x{1F600}\\n\\101$", ["A😀\nA"], ["A"]), ("\\Qa.b\\E+", ["xa.bx"], ["aab"]),
            ("(?P<n>a)(?<m>b)(?:c)", ["abc"], ["ab"]),
            ("^a+?b*?c??$", ["a", "ab", "abc"], ["c"]), ("a(?i)b|c", ["aB", "C"], ["AB"]), ("\\.\\*\\/", [".*/"], ["a"]),
            ("\\Aab\\z", ["ab"], ["xab"]),
            ("^(a*)*$", ["", "aaa"], ["b"]), ("^(|a)+$", ["", "aa"], ["b"]), ("x*", ["", "y"], []),
        ] as [(String, [String], [String])])
    func matching(_ pattern: String, _ yes: [String], _ no: [String]) throws {
        let expression = try RegularExpression(pattern)
        for text in yes { #expect(expression.matches(text), "\(pattern) \(text)") }
        for text in no { #expect(!expression.matches(text), "\(pattern) \(text)") }
    }

    @Test(arguments: [
        ("(", "character 1: the group does not end"), (")", "character 1: a \")\" closes nothing"),
        ("*a", "character 1: \"*\" repeats nothing"),
        ("a**", "character 3: a repetition of a repetition"), ("[a", "character 1: the class does not end"),
        ("[b-a]", "character 2: the range runs backwards"),
        ("a{1001}", "character 2: repeat counts are at most 1000 and rise"),
        ("a{3,2}", "character 2: repeat counts are at most 1000 and rise"),
        ("(a)\\1", "character 4: back references are not supported"), ("(?=a)", "character 3: unknown group or flag \"=\""),
        ("\\y", "character 1: unknown escape \"\\y\""),
        ("\\p{Foo}", "character 1: \"Foo\" is no Unicode category, expected one such as L, Lu or Nd"),
        ("a\\", "character 2: nothing follows the last \"\\\""),
        ("((a{1000}){1000}){1000}", "character 1: the pattern is too large once its repetitions are written out"),
        ("[[:foo:]]", "character 2: unknown class [:foo:]"),
    ])
    func `what is no pattern is told with its place`(_ pattern: String, _ message: String) {
        do throws(RegularExpression.PatternError) {
            _ = try RegularExpression(pattern)
            Issue.record("\(pattern) was taken")
        } catch {
            #expect(error.description == message)
        }
    }

    @Test func `deep groups are refused, and what makes others backtrack is linear`() throws {
        let deep = String(repeating: "(", count: 10_000) + String(repeating: ")", count: 10_000)
        #expect(throws: RegularExpression.PatternError.self) { try RegularExpression(deep) }
        let expression = try RegularExpression("^(a+)+$")
        #expect(!expression.matches(String(repeating: "a", count: 2_000) + "b"))
        #expect(try !RegularExpression("(x+x+)+y").matches(String(repeating: "x", count: 2_000)))
    }
}
