import MechaCore
import Testing

@testable import MechaExpressions

/// What expressions mean: each line is true.
@Suite struct LanguageTests {
    @Test(arguments: [
        "1 == 1", "-1 == 0 - 1", "0xFF == 255", "-0x10 == -16", "0x1Fu == 31u", "1.5e3 == 1500.0", ".5 == 0.5", "1e-2 == 0.01",
        "-9223372036854775808 < -9223372036854775807", "18446744073709551615u > 1u", "9223372036854775807 == 0x7fffffffffffffff",
        "'a' == \"a\"", "'''a\n'b\"''' == 'a\\n\\'b\\\"'", "r'\\n' == '\\\\n'", "R\"\"\"a\\b\"\"\" == 'a\\\\b'",
        "'\\x41\\u0042\\U00000043\\104' == 'ABCD'", "'\\a\\b\\f\\v\\?\\`' == '\\x07\\x08\\x0c\\x0b?`'",
        "b'\\xff\\377' == B\"\\xFF\\xff\"",
        "b'é' == b'\\303\\251'", "br'\\x' == b'\\\\x'", "size(b'é') == 2", "'é'.size() == 1", "size('\u{1F600}') == 1",
        "[1, 2, 3,].size() == 3", "{'a': 1, 'b': 2,}.size() == 2", "size({}) == 0 && size([]) == 0", "null == null",
        "true != false",
        "1 // comment\n == 1",
    ])
    func literals(_ source: String) throws { #expect(try holds(source)) }

    @Test(arguments: [
        "1 + 2 * 3 == 7", "(1 + 2) * 3 == 9", "10 - 3 - 2 == 5", "7 / 2 == 3", "-7 / 2 == -3", "-7 % 3 == -1", "7u % 4u == 3u",
        "7.0 / 2.0 == 3.5", "1.0 / 0.0 > 1e308", "'a' + 'b' == 'ab'", "b'a' + b'b' == b'ab'", "[1] + [2] == [1, 2]", "--1 == 1",
        "!!true",
        "-(-9223372036854775807) > 0", "1 < 2 == true", "'a' < 'b' && 'B' < 'a' && 'a' < 'ab'", "b'a' < b'b'", "false < true",
        "1 < 2u && 1 < 1.5 && 2u > 1.5 && -1 < 1u", "1 == 1u && 1 == 1.0 && 1u == 1.0", "9007199254740993 != 9007199254740992.0",
        "9223372036854775807 < 9223372036854775808.0", "0.0 / 0.0 != 0.0 / 0.0", "!(0.0 / 0.0 < 1)",
        "1 != '1' && null != false && [] != {}",
        "[1, 2u, 3.0] == [1.0, 2, 3u]", "{'a': 1} == {'a': 1.0}", "{'a': 1, 'b': 2} == {'b': 2, 'a': 1}", "{1: 'a'} == {1u: 'a'}",
        "1 in [3, 2, 1]", "1.0 in [1]", "!('x' in ['y'])", "'a' in {'a': null}", "1u in {1: 2}", "!(2 in {1: 2})", "1.0 in {1: 2}",
        "true ? true : false", "false ? 1 / 0 == 1 : true", "true || false ? true : false", "(true ? 1 : 2) == 1",
        "[1, 2, 3][1] == 2", "[1, 2][1u] == 2", "[1, 2][1.0] == 2", "{'a': [1]}['a'][0] == 1", "{1: 'x'}[1u] == 'x'",
        "{true: 1}[true] == 1",
        "{'a': {'b': 3}}.a.b == 3", "{'content-type': 1}.`content-type` == 1", "{'if': 1}.if == 1",
    ])
    func operators(_ source: String) throws { #expect(try holds(source)) }

    @Test(arguments: [
        "true || 1 / 0 == 1", "1 / 0 == 1 || true", "!(false && 1 / 0 == 1)", "!(1 / 0 == 1 && false)", "!(1 && false)",
        "'a' || true",
        "1 / 0 == 1 || 2 / 0 == 1 || true", "[1, 2, 0].exists(x, 4 / x == 4)", "![0, 1].all(x, 4 / x == 5)",
        "[0, 1].exists(x, 1 / x == 1)",
    ])
    func `a deciding operand wins over errors`(_ source: String) throws { #expect(try holds(source)) }

    @Test(arguments: [
        "[1, 2].all(x, x > 0)", "![1, 2].all(x, x > 1)", "[].all(x, x)", "[1, 2].exists(x, x == 2)", "![].exists(x, true)",
        "[1, 2, 2].exists_one(x, x == 1)", "![1, 2, 2].exists_one(x, x == 2)", "[1].existsOne(x, true)",
        "[1, 2].map(x, x * 2) == [2, 4]",
        "[1, 2, 3].map(x, x > 1, x * x) == [4, 9]", "[1, 2, 3].filter(x, x % 2 == 1) == [1, 3]",
        "{'a': 1, 'b': 2}.all(k, k in ['a', 'b'])",
        "{'b': 1, 'a': 2}.map(k, k) == ['b', 'a']", "[[1], [2, 3]].map(x, x.map(y, y + size(x))) == [[2], [4, 5]]",
        "[1].all(x, [2].all(x, x == 2) && x == 1)", "[1, 2].map(x, [x].map(y, x + y)) == [[2], [4]]",
        "has({'a': 1}.a) && !has({'a': 1}.b)", "has({'a': null}.a)", "has({'a': {'b': 1}}.a.b)",
    ])
    func macros(_ source: String) throws { #expect(try holds(source)) }

    @Test(arguments: [
        "'hello'.contains('ell')", "!'hello'.contains('elo')", "'aaab'.contains('aab')", "'x'.contains('')",
        "'hello'.startsWith('he')",
        "'hello'.endsWith('lo')", "!'lo'.endsWith('hello')", "'foobar'.matches('fo+b')", "matches('x1', '^[a-z][0-9]$')",
        "int('-5') == -5", "int(5u) == 5", "int(-1.9) == -1", "uint(3) == 3u", "uint('7') == 7u", "uint(2.9) == 2u",
        "double('1e3') == 1000.0",
        "double(1u) == 1.0", "string(1) == '1' && string(2u) == '2' && string(true) == 'true'",
        "string(1.5) == '1.5' && string(100.0) == '100'",
        "string(-0.0045) == '-0.0045'", "string(1e21) == '1e+21' && string(1e-7) == '1e-07'", "string(b'abc') == 'abc'",
        "bytes('é') == b'é'", "bool('true') && bool('T') && !bool('0')", "dyn(1) == 1",
        "type(1) == int && type(1u) == uint && type(1.0) == double && type('') == string && type(b'') == bytes",
        "type(null) == null_type",
        "type([]) == list && type({}) == map && type(true) == bool && type(int) == type",
        "type(duration('1s')) == google.protobuf.Duration", "type(timestamp(0)) == google.protobuf.Timestamp",
        "[1, 'a'].filter(x, type(x) == int) == [1]",
    ])
    func functions(_ source: String) throws { #expect(try holds(source)) }

    @Test(arguments: [
        "timestamp('2026-02-03T04:05:06.789Z').getFullYear() == 2026", "timestamp('2026-02-03T04:05:06Z').getMonth() == 1",
        "timestamp('2026-02-03T04:05:06Z').getDate() == 3", "timestamp('2026-02-03T04:05:06Z').getDayOfMonth() == 2",
        "timestamp('2026-02-03T04:05:06Z').getDayOfWeek() == 2", "timestamp('2026-02-03T04:05:06Z').getDayOfYear() == 33",
        "timestamp('2026-02-03T04:05:06Z').getHours() == 4", "timestamp('2026-02-03T04:05:06Z').getMinutes('+05:30') == 35",
        "timestamp('2026-02-03T04:05:06.789Z').getSeconds() == 6", "timestamp('2026-02-03T04:05:06.789Z').getMilliseconds() == 789",
        "timestamp('2026-02-03T04:05:06Z').getDate('-05:00') == 2", "timestamp('2026-02-03T04:05:06Z').getHours('UTC') == 4",
        "timestamp('1969-12-31T23:59:59Z').getDayOfWeek('00:00') == 3",
        "timestamp('2026-02-03T05:05:06+01:00') == timestamp('2026-02-03T04:05:06Z')",
        "timestamp(0) == timestamp('1970-01-01T00:00:00Z')", "int(timestamp('1970-01-01T00:01:00Z')) == 60",
        "timestamp(0) + duration('1h') == timestamp(3600)", "duration('1h') + timestamp(0) == timestamp(3600)",
        "timestamp(3600) - duration('1h') == timestamp(0)", "timestamp(3600) - timestamp(0) == duration('60m')",
        "timestamp('9999-12-31T23:59:59Z') - timestamp('0001-01-01T00:00:00Z') > duration('87000000h')",
        "duration('1h') - duration('1m') == duration('59m')", "duration('-1.5s') < duration('0')",
        "duration('1h30m').getHours() == 1",
        "duration('1h30m').getMinutes() == 90", "duration('90s').getSeconds() == 90", "duration('1.25s').getMilliseconds() == 250",
        "string(duration('1h')) == '3600s' && string(duration('-250ms')) == '-0.25s'",
        "duration('1us') + duration('1ns') == duration('1001ns')",
        "string(timestamp('2026-02-03T04:05:06.120Z')) == '2026-02-03T04:05:06.12Z'", "timestamp(1) > timestamp(0)",
    ])
    func time(_ source: String) throws { #expect(try holds(source)) }

    @Test(arguments: [
        ("1 / 0", CELError.Code.divisionByZero), ("1u % 0u", .divisionByZero), ("9223372036854775807 + 1", .overflow),
        ("-9223372036854775808 - 1", .overflow), ("-(-9223372036854775808)", .overflow), ("-9223372036854775808 / -1", .overflow),
        ("0u - 1u", .overflow), ("4611686018427387904 * 2", .overflow), ("int(9.3e18)", .overflow),
        ("int(18446744073709551615u)", .overflow),
        ("uint(-1)", .overflow), ("uint(-0.5)", .overflow), ("timestamp(253402300800)", .overflow),
        ("timestamp('9999-12-31T23:59:59Z') + duration('1s')", .overflow), ("1 + 1u", .noSuchOverload),
        ("1 + 1.0", .noSuchOverload),
        ("1 + 'a'", .noSuchOverload), ("'a' - 'b'", .noSuchOverload), ("1.0 % 2.0", .noSuchOverload), ("-1u", .noSuchOverload),
        ("!1", .noSuchOverload), ("1 < 'a'", .noSuchOverload), ("[1] < [2]", .noSuchOverload), ("null < null", .noSuchOverload),
        ("1 && true", .noSuchOverload), ("1 ? 2 : 3", .noSuchOverload), ("1 in 1", .noSuchOverload),
        ("[1].all(x, x)", .noSuchOverload),
        ("1.all(x, true)", .noSuchOverload), ("'a'[0]", .noSuchOverload), ("[1]['a']", .noSuchOverload),
        ("[1][0.5]", .noSuchOverload),
        ("'a'.b", .noSuchOverload), ("has('a'.b)", .noSuchOverload), ("size(1)", .noSuchOverload), ("{1.0: 2}", .noSuchOverload),
        ("{[]: 2}", .noSuchOverload), ("'a'.contains(1)", .noSuchOverload), ("int(true)", .noSuchOverload),
        ("{'a': 1}.b", .noSuchKey), ("{'a': 1}['b']", .noSuchKey), ("has({}.a.b)", .noSuchKey), ("[1][1]", .indexOutOfRange),
        ("[1][-1]", .indexOutOfRange), ("{'a': 1, 'a': 2}", .duplicateKey), ("{1: 1, 1u: 2}", .duplicateKey),
        ("int('1.5')", .invalidArgument),
        ("int(' 1')", .invalidArgument), ("double('x')", .invalidArgument), ("bool('yes')", .invalidArgument),
        ("duration('1 hour')", .invalidArgument), ("timestamp('2026-02-30T00:00:00Z')", .invalidArgument),
        ("string(b'\\xff')", .invalidArgument),
        ("timestamp(0).getHours('Nowhere')", .invalidArgument), ("'a'.matches('(' + 'b')", .invalidArgument),
        ("1 / 0 == 1 && true", .divisionByZero),
        ("[0, 1].exists_one(x, 1 / x == 1)", .divisionByZero), ("[0].map(x, 1 / x)", .divisionByZero),
        ("[1, 0].all(x, 1 / x == 1)", .divisionByZero),
        ("timestamp(0) + timestamp(0)", .noSuchOverload), ("duration('1s').getFullYear()", .noSuchOverload),
    ])
    func errors(_ source: String, _ code: CELError.Code) throws { #expect(try failure(source) == code) }

    @Test func `JSON is read as it is asked for`() throws {
        let event = try JSON.parse(
            #"{"type":"order","data":{"total":12.5,"items":[{"sku":"a","n":2},{"sku":"b","n":1}],"note":null},"type":"refund"}"#)
        for source in [
            #"event.type == "refund""#, "event.data.total > 12", "event.data.items.exists(i, i.sku == 'b' && i.n < 2)",
            "event.data.items[0].n == 2 && type(event.data.items[0].n) == double",
            "has(event.data.note) && event.data.note == null",
            "!has(event.data.missing)", "size(event) == 2", "'data' in event && event['type'] == 'refund'",
            "event.data.items.map(i, i.sku) == ['a', 'b']", "event == event", "event.map(k, k) == ['data', 'type']",
        ] { #expect(try holds(source, ["event": event]), "\(source)") }
        #expect(try failure("event.data.missing", ["event": event]) == .noSuchKey)
        let unbound = try CELProgram(source: "true || event.a", variables: ["event"])
        #expect(try unbound.isTrue([:]))
        #expect(throws: CELError.self) { try CELProgram(source: "event.a", variables: ["event"]).evaluate([:]) }
    }
}
