import MechaCore
import MechaHost
import MechaInvocation
import MechaProto
import MechaWire
import SwiftProtobuf

/// SubscribeTopicEventsAlpha1 (section 2.2 of the Dapr surface): a subscription that lives as long as the stream.
struct SubscribeCalls: Sendable {
    typealias Request = Dapr_Proto_Runtime_V1_SubscribeTopicEventsRequestAlpha1
    typealias Response = Dapr_Proto_Runtime_V1_SubscribeTopicEventsResponseAlpha1

    let app: AppRuntime

    func subscribe(_ requests: GRPCRequestStream<Request>, _ responses: GRPCResponseStream<Response>) async throws {
        guard case .initialRequest(let initial)? = try await requests.next()?.subscribeTopicEventsRequestType else {
            throw GRPCStatus(.invalidArgument, "the first message of a subscription must be initial_request")
        }
        let subscriber = StreamSubscriber()
        let subscription = TopicSubscription(
            pubsub: initial.pubsubName, topic: initial.topic, defaultPath: "/", metadata: initial.metadata,
            deadLetterTopic: initial.hasDeadLetterTopic ? initial.deadLetterTopic : nil, origin: .streaming)
        let running = try await app.openStream(subscription, target: subscriber)
        do {
            try await responses.send(.with { $0.initialResponse = .init() })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await event in subscriber.outgoing { try await responses.send(.with { $0.eventMessage = event }) }
                }
                while let request = try await requests.next() {
                    guard case .eventProcessed(let answer)? = request.subscribeTopicEventsRequestType else {
                        throw GRPCStatus(.invalidArgument, "initial_request may be sent only once")
                    }
                    subscriber.processed(answer.id, EventAnswer(answer.status.status))
                }
                subscriber.end()
                group.cancelAll()
            }
        } catch {
            subscriber.end()
            await app.subscriptions.end(running)
            throw error
        }
        // What has no answer goes back to the broker.
        await app.subscriptions.end(running)
    }
}
