import MechaWasm
import NIOCore

/// Data and queues that the instances of a function share, and metrics.
extension ProxyWasmInterface {
    static var sharedFunctions: [WasmHostFunction] {
        [
            function("proxy_get_shared_data", 5) { guest, call in
                let key = try text(call, 0)
                try check(call, inputs: [], outputs: [2, 3, 4])
                guard let found = guest.context.shared.value(key) else { return .notFound }
                try guest.give(found.value, pointer: call[2], count: call[3])
                try call.instance.store(found.version, at: call[4])
                return .ok
            },
            function("proxy_set_shared_data", 5) { guest, call in
                guest.context.shared.set(try text(call, 0), try bytes(call, 2), version: call[4])
            },
            function("proxy_register_shared_queue", 3) { guest, call in
                let name = try text(call, 0)
                _ = try call.instance.bytes(at: call[2], count: 4)
                guard let queue = guest.context.shared.registerQueue(name) else { return .internalFailure }
                try call.instance.store(queue, at: call[2])
                return .ok
            },
            function("proxy_resolve_shared_queue", 5) { guest, call in
                // The first name is that of a machine, of which a function has one.
                try check(call, inputs: [0], outputs: [4])
                guard let queue = guest.context.shared.queue(try text(call, 2)) else { return .notFound }
                try call.instance.store(queue, at: call[4])
                return .ok
            },
            function("proxy_enqueue_shared_queue", 3) { guest, call in
                guest.context.shared.enqueue(try bytes(call, 1), to: call[0])
            },
            function("proxy_dequeue_shared_queue", 3) { guest, call in
                try check(call, inputs: [], outputs: [1, 2])
                switch guest.context.shared.dequeue(call[0]) {
                case .success(let item):
                    try guest.give(item, pointer: call[1], count: call[2])
                    return .ok
                case .failure(.queue): return .notFound
                case .failure(.item): return .empty
                }
            },
        ]
    }

    static var metricFunctions: [WasmHostFunction] {
        [
            function("proxy_define_metric", 4) { guest, call in
                let name = try text(call, 1)
                _ = try call.instance.bytes(at: call[3], count: 4)
                guard let kind = SharedData.MetricKind(rawValue: call[0]) else { return .badArgument }
                guard let metric = guest.context.shared.defineMetric(kind, name) else { return .internalFailure }
                try call.instance.store(metric, at: call[3])
                return .ok
            },
            function("proxy_increment_metric", [.i32, .i64]) { guest, call in
                guest.context.shared.increment(call[0], by: call.int64(1))
            },
            function("proxy_record_metric", [.i32, .i64]) { guest, call in
                guest.context.shared.record(call[0], UInt64(bitPattern: call.int64(1)))
            },
            function("proxy_get_metric", 2) { guest, call in
                _ = try call.instance.bytes(at: call[1], count: 8)
                guard let value = guest.context.shared.metric(call[0]) else { return .notFound }
                try call.instance.store(value, at: call[1])
                return .ok
            },
        ]
    }
}
