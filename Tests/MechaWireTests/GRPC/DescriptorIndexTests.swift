import MechaProto
import SwiftProtobuf
import Testing

@testable import MechaWire

@Suite struct DescriptorIndexTests {
    @Test func `every RPC of Dapr's services is found by its full name`() {
        for method in DaprMethods.all + AppCallbackMethods.all + HealthMethods.all {
            #expect(DescriptorIndex.shared.files(declaring: "\(method.service).\(method.name)") != nil)
        }
    }

    @Test func `a file brings all that it imports, once, itself first`() throws {
        let files = try #require(DescriptorIndex.shared.files(declaring: "dapr.proto.runtime.v1.Dapr"))
        #expect(files.first?.name == "dapr/proto/runtime/v1/dapr.proto")
        let names = files.map(\.name)
        #expect(names.count == Set(names).count)
        for file in files { #expect(Set(file.imports).isSubset(of: names)) }
    }

    @Test func `nested messages and enums are symbols too`() {
        #expect(DescriptorIndex.shared.files(declaring: "google.rpc.BadRequest.FieldViolation") != nil)
        #expect(DescriptorIndex.shared.files(declaring: "dapr.proto.common.v1.StateOptions.StateConcurrency") != nil)
        #expect(DescriptorIndex.shared.files(declaring: "no.such.Thing") == nil)
        #expect(DescriptorIndex.shared.files(from: "no/such.proto") == nil)
    }
}
