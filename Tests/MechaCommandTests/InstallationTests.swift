import MechaTestKit
import Testing

@testable import mecha

@Suite struct InstallationTests {
    private let home: TemporaryDirectory
    private let installation: Installation

    init() throws {
        home = try TemporaryDirectory(prefix: "mecha-home")
        installation = Installation(folders: HomeFolders(environment: ["HOME": home.path]))
    }

    @Test func `it makes Dapr's folders with the embedded store`() throws {
        _ = try installation.install(isSlim: false)
        let store = String(decoding: try Files.read(home.file(".dapr/components/statestore.yaml")), as: UTF8.self)
        #expect(store.contains("type: state.sqlite"))
        #expect(store.contains(home.file(".mecha/data/state.db")))
        #expect(FileStatus(path: home.file(".dapr/config.yaml")) != nil)
        #expect(FileStatus(path: home.file(".dapr/bin/daprd"))?.isExecutable == true)
    }

    @Test func `slim leaves the resources out`() throws {
        _ = try installation.install(isSlim: true)
        #expect(Files.names(in: home.file(".dapr/components")).isEmpty)
    }

    @Test func `what is there stays as it is`() throws {
        try Files.makeDirectory(home.file(".dapr/components"))
        try Files.write("mine", to: home.file(".dapr/components/statestore.yaml"))
        _ = try installation.install(isSlim: false)
        #expect(try Files.read(home.file(".dapr/components/statestore.yaml")) == Array("mine".utf8))
        _ = installation.remove(isAll: true)
        #expect(try Files.read(home.file(".dapr/components/statestore.yaml")) == Array("mine".utf8))
    }

    @Test func `uninstall takes back what was written`() throws {
        _ = try installation.install(isSlim: false)
        #expect(installation.remove(isAll: false) == [home.file(".dapr/bin/daprd")])
        _ = installation.remove(isAll: true)
        #expect(FileStatus(path: home.file(".dapr")) == nil)
        #expect(FileStatus(path: home.file(".mecha/data")) != nil)
    }
}
