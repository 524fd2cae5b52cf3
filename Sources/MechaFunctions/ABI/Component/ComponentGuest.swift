import MechaInvocation
import MechaWasm
import NIOCore

/// A guest that is a component.
class ComponentGuest: FunctionGuest, @unchecked Sendable {
    let instance: ComponentInstance
    let files = GuestFileCount()
    /// The request that is answered.
    var request: AppRequest?

    init(_ template: ComponentTemplate, context: FunctionContext, slot: InstanceSlot) throws(WasmError) {
        instance = try ComponentInstance(
            template,
            limits: .init(
                memoryBytes: context.limits.memoryBytes, tableElements: template.component.engine.options.maximumTableElements))
        super.init(instance, context: context, slot: slot)
    }

    /// The library does not tell what memory a component has, so it is accounted as what it may have.
    override var memoryBytes: Int { context.limits.memoryBytes }

    func setUp() async throws(WasmError) { try await instance.instantiate() }

    func failure(_ message: String) -> WasmError {
        WasmError(.trapped, message, cause: FunctionError(.failed, message))
    }
}

extension ComponentCall {
    /// The guest that calls. Each interface is linked to guests of its kind only.
    func guest<Kind: ComponentGuest>(_ kind: Kind.Type = Kind.self) -> Kind {
        guard let guest = instance.guest else { preconditionFailure("an instance without a guest runs") }
        return unsafeDowncast(guest, to: Kind.self)
    }

    /// A new resource, as the value that the guest gets.
    func give(_ object: AnyObject, _ kind: ComponentResourceKind) throws -> ComponentValue {
        .resource(try instance.keep(object, as: kind))
    }
}
