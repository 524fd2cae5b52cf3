import MechaCore
import MechaHost
import MechaMessaging
import NIOCore
import NIOHTTP1

/// The publish API (section 1.2 of the Dapr surface).
enum PublishRoutes {
    static let all: [HTTPRoute] = [
        HTTPRoute(.POST, .PUT, at: "publish/{pubsub}/{topic...}", .v1, .publish, handler: publish),
        HTTPRoute(.POST, .PUT, at: "publish/bulk/{pubsub}/{topic...}", .v1, .publish, handler: publishBulk),
        HTTPRoute(.POST, .PUT, at: "publish/bulk/{pubsub}/{topic...}", .v1alpha1, .publish, handler: publishBulk),
        // Mecha's own: there is nothing like it in Dapr's API.
        HTTPRoute(.POST, at: "redrive/{pubsub}/{topic...}", .v1alpha1, .publish, handler: redrive),
    ]

    /// Puts the messages of a dead letter topic back: `?to=` a topic (by default the one that each event names),
    /// `?limit=` at most so many. Answers `{"redriven": n, "left": n}`.
    @Sendable private static func redrive(_ call: HTTPCall) async throws {
        var limit = DeadLetterRedrive.maximumMessages
        if let text = call.query["limit"] {
            guard let number = Int(text), (1...limit).contains(number) else {
                throw DaprError.badRequest("limit is \"\(text)\"; expected a number from 1 to \(limit)")
            }
            limit = number
        }
        let outcome = try await call.app.redrive(
            deadLetterTopic: call.parameter(1), pubsub: call.parameter(0), to: call.query["to"], limit: limit)
        call.answerJSON(["redriven": .integer(outcome.redriven), "left": .integer(outcome.left)])
    }

    @Sendable private static func publish(_ call: HTTPCall) async throws {
        let request = PublishRequest(
            topic: try call.parameter(1), data: try await call.body(), contentType: call.header("content-type") ?? "",
            metadata: call.query.metadata, trace: call.trace)
        try await call.app.publish(request, pubsub: call.parameter(0))
        call.answer()
    }

    @Sendable private static func publishBulk(_ call: HTTPCall) async throws {
        let (pubsub, topic) = (try call.parameter(0), try call.parameter(1))
        let entries: [AppRuntime.BulkEntry]
        do {
            entries = try BulkPublishDecoding.entries(await call.body())
        } catch let error as BulkPublishDecoding.Problem {
            throw RuntimeError(
                .pubsubUnmarshalEvents, "error when unmarshaling the request for topic \(topic) pubsub \(pubsub): \(error.text)",
                resource: pubsub)
        }
        let failures = try await call.app.publishBulk(
            entries, topic: topic, pubsub: pubsub, metadata: call.query.metadata, trace: call.trace)
        if failures.isEmpty { return call.answer() }
        call.answerJSON(
            [
                "failedEntries": .array(failures.map { ["entryId": .string($0.id), "error": .string($0.error)] }),
                "errorCode": "ERR_PUBSUB_PUBLISH_MESSAGE",
            ], status: .internalServerError)
    }
}
