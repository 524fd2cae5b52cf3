import Foundation
import MechaRuntime
import Testing

@testable import mecha

@Suite struct CompatibilityPageTests {
    private let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "docs/compatibility.md")

    private let text = CompatibilityPage.text(commandLine: CommandLineSupport.page)

    @Test func `the page says what the code's tables say`() throws {
        if ProcessInfo.processInfo.environment["MECHA_UPDATE_DOCS"] != nil {
            try FileManager.default.createDirectory(at: page.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: page, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: page, encoding: .utf8)
        #expect(written == text)
    }
}
