import MechaCore
import MechaProto
import NIOCore
import SwiftProtobuf

extension Dapr_Proto_Runtime_V1_TopicEventRequest {
    package init(_ event: TopicEvent) {
        self.init()
        id = event.event.id
        source = event.event.source
        type = event.event.type
        specVersion = event.event.specVersion
        dataContentType = event.event.dataContentType
        data = .init(event.event.data.readableBytesView)
        topic = event.topic
        pubsubName = event.pubsub
        path = event.route.path
        extensions = Google_Protobuf_Struct(event.event.extensions)
    }
}

extension Dapr_Proto_Runtime_V1_TopicEventBulkRequest {
    package init(_ events: BulkTopicEvent) {
        self.init()
        id = events.id
        type = BulkTopicEvent.type
        topic = events.topic
        pubsubName = events.pubsub
        path = events.route.path
        metadata = events.metadata
        entries = events.entries.map { entry in
            .with {
                $0.entryID = entry.entryID
                $0.metadata = entry.metadata
                switch entry.content {
                case .raw(let data):
                    $0.bytes = .init(data.readableBytesView)
                    $0.contentType = "application/octet-stream"
                case .event(let event):
                    $0.contentType = CloudEvent.contentType
                    $0.cloudEvent = .with {
                        $0.id = event.id
                        $0.source = event.source
                        $0.type = event.type
                        $0.specVersion = event.specVersion
                        $0.dataContentType = event.dataContentType
                        $0.data = .init(event.data.readableBytesView)
                        $0.extensions = Google_Protobuf_Struct(event.extensions)
                    }
                }
            }
        }
    }
}

extension Google_Protobuf_Struct {
    init(_ members: [JSON.Member]) {
        self.init(fields: Dictionary(members.map { ($0.name, Google_Protobuf_Value($0.value)) }) { $1 })
    }
}

extension Google_Protobuf_Value {
    init(_ json: JSON) {
        self.init()
        switch json {
        case .null: kind = .nullValue(.nullValue)
        case .bool(let flag): kind = .boolValue(flag)
        case .number(let text): kind = .numberValue(Double(text) ?? 0)
        case .string(let text): kind = .stringValue(text)
        case .array(let elements): kind = .listValue(.with { $0.values = elements.map(Google_Protobuf_Value.init) })
        case .object(let members): kind = .structValue(Google_Protobuf_Struct(members))
        }
    }
}
