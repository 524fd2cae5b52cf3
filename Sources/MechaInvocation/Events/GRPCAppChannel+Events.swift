import MechaCore
import MechaProto
import MechaResiliency
import MechaTelemetry
import MechaWire
import NIOCore
import SwiftProtobuf

// How a gRPC app subscribes and takes events: the service AppCallback (section 2.1 of the Dapr surface).
extension GRPCAppChannel {
    public func subscriptions(deadline: NIODeadline) async throws(InvocationError) -> [TopicSubscription] {
        guard let answer = try await unlessUnimplemented(AppCallbackMethods.listTopicSubscriptions, .init(), options(deadline: deadline))
        else { return [] }
        return answer.subscriptions.prefix(EventLimits.subscriptionsPerApp).map(TopicSubscription.init)
    }

    public func acceptedBindings(
        _ bindings: [(name: String, method: MethodPath)], deadline: NIODeadline
    ) async throws(InvocationError) -> Set<String> {
        let answer = try await unlessUnimplemented(AppCallbackMethods.listInputBindings, .init(), options(deadline: deadline))
        return Set(answer?.bindings ?? []).intersection(bindings.map(\.name))
    }

    public func deliver(_ event: TopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> EventAnswer {
        let options = options(event.metadata, trace: event.trace, deadline: deadline)
        do {
            let response = try await client.unary(AppCallbackMethods.onTopicEvent, .init(event), options: options)
            return EventAnswer(response.message.status)
        } catch {
            return try Self.answer(to: error, app: endpoint.app.appID)
        }
    }

    public func deliver(_ events: BulkTopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> [EventAnswer] {
        let options = options(events.metadata, deadline: deadline)
        let request = Dapr_Proto_Runtime_V1_TopicEventBulkRequest(events)
        do {
            let response: Dapr_Proto_Runtime_V1_TopicEventBulkResponse
            do {
                response = try await client.unary(AppCallbackMethods.onBulkTopicEvent, request, options: options).message
            } catch let status as GRPCStatus where status.code == .unimplemented {
                // Older SDKs know the call under its first name only.
                response = try await client.unary(AppCallbackAlphaMethods.onBulkTopicEventAlpha1, request, options: options).message
            }
            let byID = Dictionary(response.statuses.map { ($0.entryID, EventAnswer($0.status)) }) { $1 }
            return events.entries.map { byID[$0.entryID] ?? .retry(.other) }
        } catch {
            let answer = try Self.answer(to: error, app: endpoint.app.appID)
            return events.entries.map { _ in answer }
        }
    }

    public func trigger(_ trigger: BindingTrigger, deadline: NIODeadline?) async throws(InvocationError) -> BindingAnswer {
        let request = Dapr_Proto_Runtime_V1_BindingEventRequest.with {
            $0.name = trigger.binding
            $0.data = .init(trigger.event.data.readableBytesView)
            $0.metadata = trigger.event.metadata
        }
        do {
            let options = options(trigger.event.metadata, trace: trigger.trace, deadline: deadline)
            return BindingAnswer(try await client.unary(AppCallbackMethods.onBindingEvent, request, options: options).message)
        } catch {
            throw InvocationError(
                .badResponse, "the app failed to take an event of the binding \(trigger.binding): \(error)", cause: error)
        }
    }

    // MARK: - Calls

    private func options(
        _ metadata: [String: String] = [:], trace: TraceContext? = nil, deadline: NIODeadline?
    ) -> GRPCCallOptions {
        var fields = GRPCMetadata()
        // What metadata cannot carry stays behind.
        for (name, value) in metadata where !name.lowercased().hasPrefix("grpc-") { fields.add(name, value) }
        if let trace {
            fields.add(HeaderName.traceparent, trace.traceparent)
            if let state = trace.state { fields.add(HeaderName.tracestate, state.text) }
            fields.add("grpc-trace-bin", binary: trace.grpcTraceBin)
        }
        if let token = endpoint.token { fields.add(HeaderName.apiToken, token) }
        return GRPCCallOptions(metadata: fields, deadline: deadline)
    }

    /// Nil when the app does not have the method.
    private func unlessUnimplemented<Request, Response>(
        _ rpc: RPC<Request, Response>, _ request: Request, _ options: GRPCCallOptions
    ) async throws(InvocationError) -> Response? {
        do {
            return try await client.unary(rpc, request, options: options).message
        } catch let status as GRPCStatus where status.code == .unimplemented {
            return nil
        } catch {
            throw InvocationError(.badResponse, "the app failed to answer \(rpc.method.name): \(error)", cause: error)
        }
    }

    /// What a failed call means for an event. An app without the method can never take it.
    private static func answer(to error: any Error, app: String) throws(InvocationError) -> EventAnswer {
        guard let status = error as? GRPCStatus else {
            throw InvocationError(.connectionLost, "failed to call \(app)", cause: error)
        }
        return status.code == .unimplemented ? .drop : .retry(.grpc(status.code.rawValue))
    }
}

extension TopicSubscription {
    fileprivate init(_ message: Dapr_Proto_Runtime_V1_TopicSubscription) {
        // A gRPC app has one method for all events, so a subscription needs no path.
        let isRouted = !message.routes.rules.isEmpty || !message.routes.default.isEmpty
        self.init(
            pubsub: message.pubsubName, topic: message.topic,
            rules: message.routes.rules.map { Rule(match: $0.match, path: $0.path) },
            defaultPath: isRouted ? message.routes.default : message.topic, metadata: message.metadata,
            deadLetterTopic: message.deadLetterTopic,
            bulk: message.bulkSubscribe.enabled
                ? Bulk(
                    maximumMessages: Int(message.bulkSubscribe.maxMessagesCount),
                    maximumWaitMilliseconds: Int(message.bulkSubscribe.maxAwaitDurationMs)) : nil, origin: .programmatic)
    }
}

extension EventAnswer {
    package init(_ status: Dapr_Proto_Runtime_V1_TopicEventResponse.TopicEventResponseStatus) {
        switch status {
        case .success: self = .success
        case .drop: self = .drop
        default: self = .retry(.other)
        }
    }
}

extension BindingAnswer {
    fileprivate init(_ message: Dapr_Proto_Runtime_V1_BindingEventResponse) {
        self.init(
            store: message.storeName.isEmpty ? nil : message.storeName,
            states: message.states.map {
                StateWrite(key: $0.key, value: ByteBuffer(bytes: $0.value), etag: $0.hasEtag ? $0.etag.value : nil, metadata: $0.metadata)
            }, destinations: message.to, isParallel: message.concurrency == .parallel, data: ByteBuffer(bytes: message.data))
    }
}
