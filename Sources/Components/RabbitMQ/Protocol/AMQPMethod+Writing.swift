import NIOCore

extension AMQPMethod {
    /// Class and method id, high and low half.
    var id: (class: UInt16, method: UInt16) {
        switch self {
        case .connectionStart: (10, 10)
        case .connectionStartOk: (10, 11)
        case .connectionTune: (10, 30)
        case .connectionTuneOk: (10, 31)
        case .connectionOpen: (10, 40)
        case .connectionOpenOk: (10, 41)
        case .connectionClose: (10, 50)
        case .connectionCloseOk: (10, 51)
        case .connectionBlocked: (10, 60)
        case .connectionUnblocked: (10, 61)
        case .channelOpen: (20, 10)
        case .channelOpenOk: (20, 11)
        case .channelFlow: (20, 20)
        case .channelFlowOk: (20, 21)
        case .channelClose: (20, 40)
        case .channelCloseOk: (20, 41)
        case .exchangeDeclare: (40, 10)
        case .exchangeDeclareOk: (40, 11)
        case .queueDeclare: (50, 10)
        case .queueDeclareOk: (50, 11)
        case .queueBind: (50, 20)
        case .queueBindOk: (50, 21)
        case .queueDelete: (50, 40)
        case .queueDeleteOk: (50, 41)
        case .basicQos: (60, 10)
        case .basicQosOk: (60, 11)
        case .basicConsume: (60, 20)
        case .basicConsumeOk: (60, 21)
        case .basicCancel: (60, 30)
        case .basicCancelOk: (60, 31)
        case .basicPublish: (60, 40)
        case .basicReturn: (60, 50)
        case .basicDeliver: (60, 60)
        case .basicAck: (60, 80)
        case .basicNack: (60, 120)
        case .confirmSelect: (85, 10)
        case .confirmSelectOk: (85, 11)
        }
    }

    /// Appends the payload of a method frame.
    func write(into buffer: inout ByteBuffer) {
        let (classID, methodID) = id
        buffer.writeMultipleIntegers(classID, methodID)
        switch self {
        case .connectionStart(let properties, let mechanisms, let locales):
            buffer.writeMultipleIntegers(UInt8(0), UInt8(9))
            properties.write(into: &buffer)
            buffer.writeAMQPLongText(mechanisms)
            buffer.writeAMQPLongText(locales)
        case .connectionStartOk(let properties, let mechanism, let response, let locale):
            properties.write(into: &buffer)
            buffer.writeAMQPShortText(mechanism)
            buffer.writeInteger(UInt32(response.readableBytes))
            buffer.writeImmutableBuffer(response)
            buffer.writeAMQPShortText(locale)
        case .connectionTune(let channels, let frameBytes, let heartbeat), .connectionTuneOk(let channels, let frameBytes, let heartbeat):
            buffer.writeMultipleIntegers(channels, frameBytes, heartbeat)
        case .connectionOpen(let virtualHost):
            buffer.writeAMQPShortText(virtualHost)
            buffer.writeMultipleIntegers(UInt8(0), UInt8(0))
        case .connectionOpenOk: buffer.writeInteger(UInt8(0))
        case .connectionClose(let reason), .channelClose(let reason):
            buffer.writeInteger(reason.code)
            buffer.writeAMQPShortText(reason.text)
            buffer.writeMultipleIntegers(reason.classID, reason.methodID)
        case .connectionBlocked(let reason): buffer.writeAMQPShortText(reason)
        case .channelOpen: buffer.writeInteger(UInt8(0))
        case .channelOpenOk: buffer.writeInteger(UInt32(0))
        case .channelFlow(let isActive), .channelFlowOk(let isActive): buffer.writeAMQPBits(isActive)
        case .exchangeDeclare(let exchange):
            buffer.writeInteger(UInt16(0))
            buffer.writeAMQPShortText(exchange.name)
            buffer.writeAMQPShortText(exchange.kind)
            buffer.writeAMQPBits(false, exchange.isDurable, exchange.isAutoDeleted, false, false)
            AMQPTable().write(into: &buffer)
        case .queueDeclare(let queue):
            buffer.writeInteger(UInt16(0))
            buffer.writeAMQPShortText(queue.name)
            buffer.writeAMQPBits(false, queue.isDurable, queue.isExclusive, queue.isAutoDeleted, false)
            queue.arguments.write(into: &buffer)
        case .queueDeclareOk(let queue, let messages, let consumers):
            buffer.writeAMQPShortText(queue)
            buffer.writeMultipleIntegers(messages, consumers)
        case .queueBind(let queue, let exchange, let routingKey, let arguments):
            buffer.writeInteger(UInt16(0))
            buffer.writeAMQPShortText(queue)
            buffer.writeAMQPShortText(exchange)
            buffer.writeAMQPShortText(routingKey)
            buffer.writeAMQPBits(false)
            arguments.write(into: &buffer)
        case .queueDelete(let queue):
            buffer.writeInteger(UInt16(0))
            buffer.writeAMQPShortText(queue)
            buffer.writeAMQPBits(false, false, false)
        case .queueDeleteOk(let messages): buffer.writeInteger(messages)
        case .basicQos(let prefetchCount, let isGlobal):
            buffer.writeMultipleIntegers(UInt32(0), prefetchCount)
            buffer.writeAMQPBits(isGlobal)
        case .basicConsume(let queue, let consumerTag, let isExclusive):
            buffer.writeInteger(UInt16(0))
            buffer.writeAMQPShortText(queue)
            buffer.writeAMQPShortText(consumerTag)
            buffer.writeAMQPBits(false, false, isExclusive, false)
            AMQPTable().write(into: &buffer)
        case .basicConsumeOk(let tag), .basicCancelOk(let tag): buffer.writeAMQPShortText(tag)
        case .basicCancel(let tag, let isNoWait):
            buffer.writeAMQPShortText(tag)
            buffer.writeAMQPBits(isNoWait)
        case .basicPublish(let exchange, let routingKey, let isMandatory):
            buffer.writeInteger(UInt16(0))
            buffer.writeAMQPShortText(exchange)
            buffer.writeAMQPShortText(routingKey)
            buffer.writeAMQPBits(isMandatory, false)
        case .basicReturn(let code, let text, let exchange, let routingKey):
            buffer.writeInteger(code)
            buffer.writeAMQPShortText(text)
            buffer.writeAMQPShortText(exchange)
            buffer.writeAMQPShortText(routingKey)
        case .basicDeliver(let deliver):
            buffer.writeAMQPShortText(deliver.consumerTag)
            buffer.writeInteger(deliver.deliveryTag)
            buffer.writeAMQPBits(deliver.isRedelivered)
            buffer.writeAMQPShortText(deliver.exchange)
            buffer.writeAMQPShortText(deliver.routingKey)
        case .basicAck(let tag, let isMultiple):
            buffer.writeInteger(tag)
            buffer.writeAMQPBits(isMultiple)
        case .basicNack(let tag, let isMultiple, let requeues):
            buffer.writeInteger(tag)
            buffer.writeAMQPBits(isMultiple, requeues)
        case .confirmSelect: buffer.writeAMQPBits(false)
        case .connectionCloseOk, .connectionUnblocked, .channelCloseOk, .exchangeDeclareOk, .queueBindOk, .basicQosOk, .confirmSelectOk:
            break
        }
    }
}
