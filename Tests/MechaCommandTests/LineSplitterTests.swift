import Testing

@testable import mecha

@Suite struct LineSplitterTests {
    private func lines(_ chunks: [String], maximum: Int = 64) -> (lines: [String], rest: String?) {
        var splitter = LineSplitter(maximumLineBytes: maximum)
        let lines = chunks.flatMap { splitter.append(Array($0.utf8)[...]) }.map { String(decoding: $0, as: UTF8.self) }
        return (lines, splitter.finish().map { String(decoding: $0, as: UTF8.self) })
    }

    @Test func `lines come whole, however the bytes come`() {
        #expect(lines(["a\nbc\n"]) == (["a", "bc"], nil))
        #expect(lines(["a", "b", "\nc", "\n\n"]) == (["ab", "c", ""], nil))
        #expect(lines(["a\r", "\nb\r\n"]) == (["a", "b"], nil))
    }

    @Test func `what has no end of line comes at the end`() {
        #expect(lines(["a\nrest"]) == (["a"], "rest"))
    }

    @Test func `a line without end is cut at the limit`() {
        #expect(lines(["abcdefgh", "ij"], maximum: 4) == (["abcd", "efgh"], "ij"))
        #expect(lines(["abcdef\n"], maximum: 4) == (["abcd", "ef"], nil))
    }

    @Test func `bytes that are no UTF-8 pass unchanged`() {
        var splitter = LineSplitter()
        #expect(splitter.append([0xff, 0xfe, 0x0a][...]) == [[0xff, 0xfe]])
    }
}

private func == (a: (lines: [String], rest: String?), b: ([String], String?)) -> Bool { a.lines == b.0 && a.rest == b.1 }
