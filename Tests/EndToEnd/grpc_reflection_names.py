"""Asks a server for its services by reflection, in bytes: no generated messages are needed for so little."""


def _text(field, text):
    return bytes([field << 3 | 2, len(text)]) + text.encode()


def _fields(data):
    """Length-delimited fields of a protobuf message."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        if tag & 7 == 2:
            length, position = _varint(data, position)
            yield tag >> 3, data[position:position + length]
            position += length
        else:
            _, position = _varint(data, position)


def _varint(data, position):
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position


def service_names(channel, version="v1alpha"):
    call = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo", request_serializer=lambda data: data,
        response_deserializer=lambda data: data)
    # ServerReflectionRequest.list_services = 7; ListServiceResponse = 6 of the answer, its services = 1, their name = 1.
    [answer] = call(iter([_text(7, "*")]))
    [listing] = [content for field, content in _fields(answer) if field == 6]
    return [name.decode() for field, service in _fields(listing) if field == 1 for inner, name in _fields(service) if inner == 1]
