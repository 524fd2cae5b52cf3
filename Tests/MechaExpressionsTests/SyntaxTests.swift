import Testing

@testable import MechaExpressions

@Suite struct SyntaxTests {
    @Test(arguments: [
        ("", "column 1: the expression is empty, expected a value"),
        ("event.type = 'a'", "column 12: \"=\" belongs to no expression, expected \"==\""),
        ("event.type == ", "column 15: the end stands where a value begins, expected a value, a name or \"(\""),
        ("evnt.type == 'a'", "column 1: there is no variable \"evnt\"; did you mean event?, expected one of event"),
        ("event.type.containz('a')", "column 12: there is no function \"containz\"; did you mean contains?"),
        ("size(1, 2)", "column 1: size has 2 arguments, expected 1"),
        ("contains('a')", "column 1: contains cannot be called in this form"),
        ("'abc", "column 1: the string does not end, expected '"),
        ("'a\nb'", "column 1: the string does not end, expected '"),
        (
            "'\\q'",
            "column 2: unknown escape, expected one of \\a \\b \\f \\n \\r \\t \\v \\\\ \\? \\\" \\' \\` \\xHH \\ooo \\uHHHH \\UHHHHHHHH"
        ),
        ("'\\ud800'", "column 2: the escape names no character, expected a code point below 110000 that is no surrogate"),
        ("1 +\n  * 2", "line 2, column 3: \"*\" stands where a value begins, expected a value, a name or \"(\""),
        ("10s", "column 3: a letter follows a number, expected an operator or a blank"),
        ("9223372036854775808", "column 1: the number is too large for an int of 64 bits"),
        ("99999999999999999999u", "column 1: the number is too large for a uint of 64 bits"),
        ("1e400", "column 1: the number is too large for a double"),
        ("0x", "column 1: the number has no digits, expected a hexadecimal digit"),
        ("[1, 2", "column 6: found the end, expected \"]\" or \",\""),
        ("(1", "column 3: found the end, expected \")\" to close \"(\""),
        ("{'a' 1}", "column 6: found a number, expected \":\" after a key"),
        ("true ? 1", "column 9: found the end, expected \":\" after the first value of \"?\""),
        ("has(event)", "column 5: has() is not about a field, expected a field selection such as event.data"),
        ("[1].all(1, true)", "column 9: the first argument of all is a number, expected a name for the element"),
        ("event.in", "column 7: \"in\" follows \".\", expected a field or function name"),
        ("while", "column 1: \"while\" is a reserved word, expected a value or a name"),
        ("event{a: 1}", "column 6: messages cannot be made here, expected an operator or the end"),
        ("1 2", "column 3: a number follows a complete expression, expected an operator or the end"),
        ("!-1", "column 2: \"-\" stands where a value begins, expected a value, a name or \"(\""),
        ("event.matches('a(b')", "column 15: the pattern is no regular expression: character 2: the group does not end"),
        ("size(1,)", "column 8: nothing follows \",\", expected a value"),
        ("[1].all(x, x > 0) && x", "column 22: there is no variable \"x\", expected one of event"),
    ])
    func `an error says where and what was expected`(_ source: String, _ message: String) {
        #expect(syntaxError(source) == message)
    }

    @Test func `depth and length are bounded`() {
        let deep = String(repeating: "(", count: 5_000) + "1" + String(repeating: ")", count: 5_000)
        #expect(syntaxError(deep)?.contains("nested deeper than 100 levels") == true)
        #expect(syntaxError(String(repeating: "[", count: 8_000))?.contains("nested deeper") == true)
        #expect(syntaxError(String(repeating: "1+", count: 4_000) + "1")?.contains("nested deeper") == true)
        #expect(syntaxError("event" + String(repeating: ".a", count: 5_000))?.contains("nested deeper") == true)
        #expect(syntaxError(String(repeating: "true && ", count: 1_000) + "true") == nil)
        #expect(syntaxError(String(repeating: "!", count: 8_001) + "true") == nil)
        #expect(syntaxError("'" + String(repeating: "a", count: 20_000) + "'")?.contains("longer than 16384 bytes") == true)
    }

    @Test(arguments: [
        "[[1,2,3,4,5,6,7,8,9,10]].map(l, l+l+l+l+l+l+l+l+l+l).map(l, l+l+l+l+l+l+l+l+l+l).map(l, l+l+l+l+l+l+l+l+l+l).map(l, l+l+l+l+l+l+l+l+l+l).map(l, l+l+l+l+l+l+l+l+l+l)[0].map(a, 1)",
        "['aaaaaaaaaaaaaaaa'].map(s, s+s+s+s+s+s+s+s).map(s, s+s+s+s+s+s+s+s).map(s, s+s+s+s+s+s+s+s).map(s, s+s+s+s+s+s+s+s).map(s, s+s+s+s+s+s+s+s).map(s, s+s+s+s+s+s+s+s).map(s, s+s+s+s+s+s+s+s)",
        // Doubles a tree that is shared, so that only looking at it takes long.
        "[[1]].map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a,[a,a]).map(a, a == a)",
        "true || [1,2,3,4,5,6,7,8,9,10].all(a,[1,2,3,4,5,6,7,8,9,10].all(b,[1,2,3,4,5,6,7,8,9,10].all(c,[1,2,3,4,5,6,7,8,9,10].all(d,[1,2,3,4,5,6,7,8,9,10].all(e,[1,2,3,4,5,6,7,8,9,10].all(f, a+b+c+d+e+f > 0))))))",
    ])
    func `an evaluation that takes too many steps ends with an error`(_ source: String) throws {
        if source.hasPrefix("true ||") {
            #expect(try failure(String(source.dropFirst(8))) == .costExceeded)
            #expect(try failure("1 / 0 == 1 || " + source.dropFirst(8)) == .costExceeded)
            #expect(try failure(source) == nil)
        } else {
            #expect(try failure(source) == .costExceeded)
        }
    }
}
