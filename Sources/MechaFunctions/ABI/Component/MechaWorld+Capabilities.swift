import MechaCore
import MechaHost
import MechaInvocation
import MechaMessaging
import MechaWasm
import NIOCore

/// State, publishing, calling others, bindings, secrets: see MechaInterface, whose rules these are.
extension MechaWorld {
    static let state = ComponentInterface(functions: [
        "get": outbound { guest, call in
            let (store, key, attributes) = (try call[0].string, try call[1].string, try attributes(call[2]))
            try require(guest.context.grants.state.grants(store), "state store", store)
            let options = MechaInterface.readOptions(attributes)
            return { runtime in .option(try await runtime.getState(store: store, key: key, options: options).map { entry($0) }) }
        },
        "set": outbound { guest, call in
            let (store, key, value) = (try call[0].string, try call[1].string, try call[2].bytes)
            let attributes = try attributes(call[3])
            try require(guest.context.grants.state.grants(store), "state store", store)
            let write = try MechaInterface.write(key, value, attributes)
            return { runtime in
                try await runtime.saveState(store: store, writes: [write])
                return nil
            }
        },
        "delete": outbound { guest, call in
            let (store, key, attributes) = (try call[0].string, try call[1].string, try attributes(call[2]))
            try require(guest.context.grants.state.grants(store), "state store", store)
            let removal = MechaInterface.removal(key, attributes)
            return { runtime in
                try await runtime.deleteState(store: store, removal: removal)
                return nil
            }
        },
        "get-many": outbound { guest, call in
            let (store, keys) = (try call[0].string, try call[1].list.map { try $0.string })
            let attributes = try attributes(call[2])
            try require(guest.context.grants.state.grants(store), "state store", store)
            try requireItems(keys.count)
            let options = MechaInterface.readOptions(attributes)
            return { runtime in
                let results = try await runtime.bulkGetState(store: store, keys: keys, options: options, parallelism: 0)
                return .list(
                    results.map { result in
                        let outcome: ComponentValue =
                            switch result.outcome {
                            case .success(let found): .ok(.option(found.map { entry($0) }))
                            case .failure(let error): .failure(value(of: GuestFailure(error)))
                            }
                        return .record([("key", .string(result.key)), ("outcome", outcome)])
                    })
            }
        },
        "transact": outbound { guest, call in
            let (store, steps) = (try call[0].string, try call[1].list)
            let metadata = try attributes(call[2])
            try require(guest.context.grants.state.grants(store), "state store", store)
            try requireItems(steps.count)
            let operations = try steps.map { step -> StateOperation in
                let (name, payload) = try step.variant
                guard let payload else { throw ComponentTypeError("operation") }
                let (key, attributes) = (try payload.field("key").string, try attributes(payload.field("options")))
                return name == "delete"
                    ? .delete(MechaInterface.removal(key, attributes))
                    : .upsert(try MechaInterface.write(key, try payload.field("value").bytes, attributes))
            }
            let trace = guest.request?.trace
            return { runtime in
                try await runtime.transactState(
                    store: store, operations: operations, metadata: MechaInterface.metadata(metadata), trace: trace)
                return nil
            }
        },
    ])

    private static func requireItems(_ count: Int) throws(GuestFailure) {
        guard count <= GuestRecords.itemsAtMost else {
            throw GuestFailure(.invalid, "the list has \(count) items; at most \(GuestRecords.itemsAtMost) are taken")
        }
    }

    private static func entry(_ entry: StateEntry) -> ComponentValue {
        .record([("value", .bytes(entry.value)), ("etag", .option(entry.etag.map { .string($0) }))])
    }

    static let pubsub = ComponentInterface(functions: [
        "publish": outbound { guest, call in
            let (pubsub, topic, data) = (try call[0].string, try call[1].string, try call[2].bytes)
            var attributes = try attributes(call[3])
            try require(guest.context.grants.pubsub.grants(pubsub), "pub/sub component", pubsub)
            let request = PublishRequest(
                topic: topic, data: data, contentType: attributes.removeValue(forKey: "contentType") ?? "", metadata: attributes,
                trace: guest.request?.trace)
            return { runtime in
                try await runtime.publish(request, pubsub: pubsub)
                return nil
            }
        }
    ])

    static let invocation = ComponentInterface(functions: [
        "invoke": outbound { guest, call in
            let (app, verb, target) = (try call[0].string, try call[1].string, try call[2].string)
            let (headers, body) = (try call[3].pairs, try call[4].bytes)
            try require(guest.context.grants.invoke.grants(app), "app", app)
            let request = try MechaInterface.request(verb, target, headers, body, trace: guest.request?.trace)
            let deadline = guest.store.budget.deadline
            return { runtime in
                guard let invoker = runtime.invoker else {
                    throw RuntimeError(.starting, "the runtime is still starting: it can call nobody yet")
                }
                let response = try await invoker.invoke(request, at: try invoker.target(app), deadline: deadline)
                let attributes = MechaInterface.attributes(of: response)
                return .record([
                    ("status", .u16(attributes.first.flatMap { UInt16($0.value) } ?? 500)),
                    ("headers", ComponentValue(pairs: attributes.dropFirst())), ("body", .bytes(response.body)),
                ])
            }
        }
    ])

    static let bindings = ComponentInterface(functions: [
        "invoke": outbound { guest, call in
            let (name, operation, data) = (try call[0].string, try call[1].string, try call[2].bytes)
            let metadata = try attributes(call[3])
            try require(guest.context.grants.bindings.grants(name), "binding", name)
            let trace = guest.request?.trace
            return { runtime in
                let response = try await runtime.invokeBinding(
                    name, BindingRequest(operation: operation, data: data, metadata: metadata), trace: trace)
                return .record([
                    ("data", .bytes(response.data ?? ByteBuffer())),
                    (
                        "metadata",
                        ComponentValue(pairs: response.metadata.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) })
                    ),
                ])
            }
        }
    ])

    static let secrets = ComponentInterface(functions: [
        "get": outbound { guest, call in
            let (store, name, metadata) = (try call[0].string, try call[1].string, try attributes(call[2]))
            try require(guest.context.grants.secrets.grants(store), "secret store", store)
            return { runtime in
                let values = try await runtime.secret(store: store, name: name, metadata: metadata)
                return ComponentValue(pairs: values.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) })
            }
        }
    ])
}
