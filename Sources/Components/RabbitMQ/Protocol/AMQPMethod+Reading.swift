import NIOCore

extension AMQPMethod {
    /// Reads the payload of a method frame.
    static func read(from payload: ByteBuffer) throws(AMQPError) -> AMQPMethod {
        var payload = payload
        let classID = try payload.readAMQP(UInt16.self)
        let methodID = try payload.readAMQP(UInt16.self)
        let method: AMQPMethod =
            switch classID {
            case 10: try connection(methodID, &payload)
            case 20: try channel(methodID, &payload)
            case 40: try exchange(methodID, &payload)
            case 50: try queue(methodID, &payload)
            case 60: try basic(methodID, &payload)
            case 85: try confirm(methodID, &payload)
            default: throw AMQPError(.unknownMethod)
            }
        guard payload.readableBytes == 0 else { throw AMQPError(.trailing) }
        return method
    }

    private static func connection(_ id: UInt16, _ bytes: inout ByteBuffer) throws(AMQPError) -> AMQPMethod {
        switch id {
        case 10:
            guard try bytes.readAMQP(UInt8.self) == 0, try bytes.readAMQP(UInt8.self) == 9 else { throw AMQPError(.badVersion) }
            return .connectionStart(
                serverProperties: try AMQPTable.read(from: &bytes), mechanisms: String(buffer: try bytes.readAMQPLongBytes()),
                locales: String(buffer: try bytes.readAMQPLongBytes()))
        case 11:
            return .connectionStartOk(
                clientProperties: try AMQPTable.read(from: &bytes), mechanism: try bytes.readAMQPShortText(),
                response: try bytes.readAMQPLongBytes(), locale: try bytes.readAMQPShortText())
        case 30:
            return .connectionTune(
                channels: try bytes.readAMQP(UInt16.self), frameBytes: try bytes.readAMQP(UInt32.self),
                heartbeat: try bytes.readAMQP(UInt16.self))
        case 31:
            return .connectionTuneOk(
                channels: try bytes.readAMQP(UInt16.self), frameBytes: try bytes.readAMQP(UInt32.self),
                heartbeat: try bytes.readAMQP(UInt16.self))
        case 40:
            let virtualHost = try bytes.readAMQPShortText()
            _ = try bytes.readAMQPShortText()
            _ = try bytes.readAMQP(UInt8.self)
            return .connectionOpen(virtualHost: virtualHost)
        case 41:
            _ = try bytes.readAMQPShortText()
            return .connectionOpenOk
        case 50: return .connectionClose(try closeReason(&bytes))
        case 51: return .connectionCloseOk
        case 60: return .connectionBlocked(reason: try bytes.readAMQPShortText())
        case 61: return .connectionUnblocked
        default: throw AMQPError(.unknownMethod)
        }
    }

    private static func channel(_ id: UInt16, _ bytes: inout ByteBuffer) throws(AMQPError) -> AMQPMethod {
        switch id {
        case 10:
            _ = try bytes.readAMQPShortText()
            return .channelOpen
        case 11:
            _ = try bytes.readAMQPLongBytes()
            return .channelOpenOk
        case 20: return .channelFlow(isActive: try bits(&bytes) & 1 != 0)
        case 21: return .channelFlowOk(isActive: try bits(&bytes) & 1 != 0)
        case 40: return .channelClose(try closeReason(&bytes))
        case 41: return .channelCloseOk
        default: throw AMQPError(.unknownMethod)
        }
    }

    private static func exchange(_ id: UInt16, _ bytes: inout ByteBuffer) throws(AMQPError) -> AMQPMethod {
        switch id {
        case 10:
            _ = try bytes.readAMQP(UInt16.self)
            let name = try bytes.readAMQPShortText()
            let kind = try bytes.readAMQPShortText()
            let bits = try bits(&bytes)
            _ = try AMQPTable.read(from: &bytes)
            return .exchangeDeclare(AMQPExchangeDeclare(name: name, kind: kind, isDurable: bits & 2 != 0, isAutoDeleted: bits & 4 != 0))
        case 11: return .exchangeDeclareOk
        default: throw AMQPError(.unknownMethod)
        }
    }

    private static func queue(_ id: UInt16, _ bytes: inout ByteBuffer) throws(AMQPError) -> AMQPMethod {
        switch id {
        case 10:
            _ = try bytes.readAMQP(UInt16.self)
            let name = try bytes.readAMQPShortText()
            let bits = try bits(&bytes)
            return .queueDeclare(
                AMQPQueueDeclare(
                    name: name, isDurable: bits & 2 != 0, isExclusive: bits & 4 != 0, isAutoDeleted: bits & 8 != 0,
                    arguments: try AMQPTable.read(from: &bytes)))
        case 11:
            return .queueDeclareOk(
                queue: try bytes.readAMQPShortText(), messages: try bytes.readAMQP(UInt32.self), consumers: try bytes.readAMQP(UInt32.self))
        case 20:
            _ = try bytes.readAMQP(UInt16.self)
            let queue = try bytes.readAMQPShortText()
            let exchange = try bytes.readAMQPShortText()
            let routingKey = try bytes.readAMQPShortText()
            _ = try bits(&bytes)
            return .queueBind(queue: queue, exchange: exchange, routingKey: routingKey, arguments: try AMQPTable.read(from: &bytes))
        case 21: return .queueBindOk
        case 40:
            _ = try bytes.readAMQP(UInt16.self)
            let queue = try bytes.readAMQPShortText()
            _ = try bits(&bytes)
            return .queueDelete(queue: queue)
        case 41: return .queueDeleteOk(messages: try bytes.readAMQP(UInt32.self))
        default: throw AMQPError(.unknownMethod)
        }
    }

    private static func basic(_ id: UInt16, _ bytes: inout ByteBuffer) throws(AMQPError) -> AMQPMethod {
        switch id {
        case 10:
            _ = try bytes.readAMQP(UInt32.self)
            return .basicQos(prefetchCount: try bytes.readAMQP(UInt16.self), isGlobal: try bits(&bytes) & 1 != 0)
        case 11: return .basicQosOk
        case 20:
            _ = try bytes.readAMQP(UInt16.self)
            let queue = try bytes.readAMQPShortText()
            let tag = try bytes.readAMQPShortText()
            let bits = try bits(&bytes)
            _ = try AMQPTable.read(from: &bytes)
            return .basicConsume(queue: queue, consumerTag: tag, isExclusive: bits & 4 != 0)
        case 21: return .basicConsumeOk(consumerTag: try bytes.readAMQPShortText())
        case 30: return .basicCancel(consumerTag: try bytes.readAMQPShortText(), isNoWait: try bits(&bytes) & 1 != 0)
        case 31: return .basicCancelOk(consumerTag: try bytes.readAMQPShortText())
        case 40:
            _ = try bytes.readAMQP(UInt16.self)
            return .basicPublish(
                exchange: try bytes.readAMQPShortText(), routingKey: try bytes.readAMQPShortText(), isMandatory: try bits(&bytes) & 1 != 0)
        case 50:
            return .basicReturn(
                code: try bytes.readAMQP(UInt16.self), text: try bytes.readAMQPShortText(), exchange: try bytes.readAMQPShortText(),
                routingKey: try bytes.readAMQPShortText())
        case 60:
            return .basicDeliver(
                AMQPDeliver(
                    consumerTag: try bytes.readAMQPShortText(), deliveryTag: try bytes.readAMQP(UInt64.self),
                    isRedelivered: try bits(&bytes) & 1 != 0, exchange: try bytes.readAMQPShortText(),
                    routingKey: try bytes.readAMQPShortText()))
        case 80: return .basicAck(tag: try bytes.readAMQP(UInt64.self), isMultiple: try bits(&bytes) & 1 != 0)
        case 120:
            let tag = try bytes.readAMQP(UInt64.self)
            let bits = try bits(&bytes)
            return .basicNack(tag: tag, isMultiple: bits & 1 != 0, requeues: bits & 2 != 0)
        default: throw AMQPError(.unknownMethod)
        }
    }

    private static func confirm(_ id: UInt16, _ bytes: inout ByteBuffer) throws(AMQPError) -> AMQPMethod {
        switch id {
        case 10:
            _ = try bits(&bytes)
            return .confirmSelect
        case 11: return .confirmSelectOk
        default: throw AMQPError(.unknownMethod)
        }
    }

    private static func bits(_ bytes: inout ByteBuffer) throws(AMQPError) -> UInt8 { try bytes.readAMQP(UInt8.self) }

    private static func closeReason(_ bytes: inout ByteBuffer) throws(AMQPError) -> AMQPCloseReason {
        AMQPCloseReason(
            code: try bytes.readAMQP(UInt16.self), text: try bytes.readAMQPShortText(), classID: try bytes.readAMQP(UInt16.self),
            methodID: try bytes.readAMQP(UInt16.self))
    }
}
