import NIOCore
import Testing

@testable import MechaFunctions

@Suite struct TarArchiveTests {
    private func entries(_ bytes: ByteBuffer) throws -> [TarArchive.Entry] {
        var archive = TarArchive(bytes, name: "test.tar")
        var entries: [TarArchive.Entry] = []
        while let entry = try archive.next() { entries.append(entry) }
        return entries
    }

    private func written(_ files: (String, String)...) -> ByteBuffer {
        var tar = TarWriter()
        for file in files { tar.add(file.0, ByteBuffer(string: file.1)) }
        return tar.finished()
    }

    @Test func `what is written is read`() throws {
        let large = String(repeating: "x", count: 512)
        let bytes = written(("a", "1"), ("./b/c", large), ("d", ""))
        #expect(TarArchive.isOne(bytes))
        let read = try entries(bytes)
        #expect(read.map(\.path) == ["a", "b/c", "d"] && read.map { String(buffer: $0.content) } == ["1", large, ""])
        #expect(read.allSatisfy { $0.kind == .file })
    }

    @Test func `every cut and every flipped byte of a header is an error or an end, never a crash`() throws {
        let bytes = written(("folder/name", "content"), ("second", String(repeating: "y", count: 700)))
        for length in 0..<bytes.readableBytes {
            guard let part = bytes.getSlice(at: 0, length: length) else { continue }
            _ = try? entries(part)
        }
        var generator = SystemRandomNumberGenerator()
        for index in 0..<512 {
            var damaged = bytes
            damaged.setInteger(UInt8.random(in: 0...255, using: &generator), at: index)
            _ = try? entries(damaged)
        }
        var wrong = bytes
        wrong.setInteger(UInt8(0x58), at: 0)
        #expect(throws: FunctionBaseError.self) { try entries(wrong) }
        // A size that no archive has.
        var huge = ByteBuffer(repeating: 0, count: 1_024)
        huge.setString("x", at: 0)
        huge.setBytes([0x80] + [UInt8](repeating: 0xff, count: 11), at: 124)
        let sum = huge.readableBytesView.prefix(512).enumerated().reduce(0) {
            $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element))
        }
        huge.setString(String(sum, radix: 8), at: 148)
        #expect(throws: FunctionBaseError.self) { try entries(huge) }
    }

    @Test func `paths do not leave the archive`() {
        for path in ["../x", "a/../../x", "/../x", "a/.."] {
            #expect(throws: FunctionBaseError.self) { try entries(written((path, "x"))) }
        }
        #expect(throws: FunctionBaseError.self) { try TarArchive.clean(String(repeating: "a", count: 5_000), in: "x") }
    }

    @Test func `layers lie over each other`() throws {
        var files = ImageFileSystem(name: "image")
        try files.apply(written(("a/x.wasm", "1"), ("a/y", "2"), ("b/z", "3"), ("c", "4")), "0")
        try files.apply(written(("a/.wh..wh..opq", ""), ("a/new", "5"), (".wh.c", ""), ("b", "a file now")), "1")
        #expect(try files.file("a/new").map { String(buffer: $0) } == "5")
        #expect(try files.file("/b").map { String(buffer: $0) } == "a file now")
        for path in ["a/x.wasm", "a/y", "b/z", "c", "a", "", "b/z/w"] { #expect(try files.file(path) == nil, "\(path)") }
        #expect(files.paths(endingIn: ".wasm").isEmpty)
    }
}
