/// The first byte of a value.
enum RESPType: UInt8 {
    case simpleString = 0x2b  // +
    case error = 0x2d  // -
    case integer = 0x3a  // :
    case bulkString = 0x24  // $
    case array = 0x2a  // *
    // RESP3 only, from here on.
    case null = 0x5f  // _
    case boolean = 0x23  // #
    case double = 0x2c  // ,
    case bigNumber = 0x28  // (
    case bulkError = 0x21  // !
    case verbatimString = 0x3d  // =
    case map = 0x25  // %
    case set = 0x7e  // ~
    case attribute = 0x7c  // |
    case push = 0x3e  // >
}
