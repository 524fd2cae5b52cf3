import Foundation
import Testing

@testable import mecha

@Suite struct FunctionTemplateTests {
    private static let kit = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "guests/c")

    @Test(arguments: [("mecha.h", CFunctionTemplate.header), ("hello.c", CFunctionTemplate.source)])
    func `what fn new writes is the kit`(name: String, text: String) throws {
        #expect(try String(contentsOf: Self.kit.appending(path: name), encoding: .utf8) == text)
    }
}
