import Testing

@testable import MechaManifest

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

@Suite struct Loading {
    @Test func `a folder's files are read in the order of their names, and nothing else is`() throws {
        let folder = try TemporaryFolder()
        try folder.write("b.yml", component("two"))
        try folder.write("a.yaml", component("one") + "---\n" + component("one-b"))
        try folder.write(
            "c.json", #"{"apiVersion":"dapr.io/v1alpha1","kind":"Component","metadata":{"name":"three"},"spec":{"type":"a.b"}}"#)
        try folder.write(".#a.yaml", "a: [")
        try folder.write("notes.txt", "a: [")
        try folder.makeFolder("sub.yaml")
        try folder.makePipe("pipe.yaml")
        let report = ManifestLoader().load(paths: [folder.path])
        #expect(report.errorTexts == [])
        #expect(report.resources.components.map(\.name) == ["one", "one-b", "two", "three"])
        #expect(report.resources.components[1].source == SourceLocation(file: folder.path + "/a.yaml", line: 6))
    }

    @Test func `files and folders add up, each file once`() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", component("one"))
        try folder.write("x.conf", component("two"))
        let report = ManifestLoader().load(paths: [folder.path, folder.path + "/a.yaml", folder.path + "/x.conf"])
        #expect(report.errorTexts == [])
        #expect(report.resources.components.map(\.name) == ["one", "two"])
    }

    @Test func `every file's problems are reported, the good files are used`() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", component("one"))
        try folder.write("b.yaml", [0x6b, 0x3a, 0x0a, 0x61, 0xff, 0x0a])
        try folder.write("c.yaml", [0x7f, 0x45, 0x4c, 0x46, 0x00, 0x01])
        try folder.write("d.yaml", [0xff, 0xfe, 0x61, 0x00])
        try folder.write("e.yaml", [0xef, 0xbb, 0xbf] + component("two").utf8)
        try folder.write("f.yaml", String(repeating: "#", count: (1 << 20) + 1))
        let report = ManifestLoader().load(paths: [folder.path, folder.path + "/missing"])
        #expect(
            report.errorTexts == [
                "\(folder.path)/b.yaml:2: is not valid UTF-8",
                "\(folder.path)/c.yaml: is a binary file; expected YAML or JSON text",
                "\(folder.path)/d.yaml: is UTF-16 text; expected UTF-8",
                "\(folder.path)/f.yaml: is longer than 1048576 bytes",
                "\(folder.path)/missing: cannot be read: No such file or directory",
            ])
        #expect(report.resources.components.map(\.name) == ["one", "two"])
    }

    @Test func `a folder with too many files is refused`() throws {
        let folder = try TemporaryFolder()
        for number in 1...3 { try folder.write("\(number).yaml", component("c\(number)")) }
        var limits = ManifestLimits()
        limits.maximumFilesPerFolder = 2
        #expect(ManifestLoader(limits: limits).load(paths: [folder.path]).errors.map(\.message) == ["holds more than 2 files"])
    }

    @Test func `differences name what was added, changed and removed, and nothing that only moved`() {
        let old = parse([component("a"), component("b"), component("c"), Samples.subscription].joined(separator: "\n---\n")).resources
        let text = [component("c"), component("d"), component("b").replacing("a.b", with: "a.z"), Samples.subscription]
        let new = parse(text.joined(separator: "\n---\n")).resources
        let difference = new.difference(from: old)
        #expect(difference.components.added.map(\.name) == ["d"])
        #expect(difference.components.changed.map(\.name) == ["b"])
        #expect(difference.components.changed.first?.spec.type == "a.z")
        #expect(difference.components.removed.map(\.name) == ["a"])
        #expect(difference.subscriptions.isEmpty)
        #expect(!difference.isEmpty)
        #expect(old.difference(from: old).isEmpty)
        #expect(parse(Samples.configuration).resources.difference(from: parse("\n" + Samples.configuration).resources).isEmpty)
    }

    private func component(_ name: String) -> String {
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: \(name)}\nspec: {type: a.b}\n"
    }
}

/// A folder that is removed with its files when the value goes.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/mecha-manifest-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    deinit {
        guard let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { remove("\(path)/\(name)") }
        }
        closedir(folder)
        rmdir(path)
    }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        let file = try #require(fopen("\(path)/\(name)", "w"))
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        fclose(file)
    }

    func makeFolder(_ name: String) throws { #expect(mkdir("\(path)/\(name)", 0o700) == 0) }
    func makePipe(_ name: String) throws { #expect(mkfifo("\(path)/\(name)", 0o600) == 0) }
}
