// Greets whom the body names, and counts the greetings in the state store `statestore`.
const mecha = @import("mecha.zig");

fn greet() mecha.Failure!void {
    var digits: [20]u8 = undefined;
    var number: u64 = 0;
    if (mecha.getState("statestore", "greetings", &digits)) |seen| {
        for (seen) |digit| number = number * 10 + (digit - '0');
    } else |failure| if (failure != error.NotFound) return failure;
    number += 1;
    var start: usize = digits.len;
    var rest = number;
    while (rest > 0) : (rest /= 10) {
        start -= 1;
        digits[start] = '0' + @as(u8, @intCast(rest % 10));
    }
    try mecha.setState("statestore", "greetings", digits[start..]);

    var buffer: [256]u8 = undefined;
    const name = try mecha.body(&buffer);
    mecha.respondHeader("content-type", "text/plain");
    mecha.respond("Hello, ");
    mecha.respond(if (name.len > 0) name else "world");
    mecha.respond("! Greeting number ");
    mecha.respond(digits[start..]);
    mecha.respond(".\n");
}

export fn handle() i32 {
    greet() catch return 1;
    return 0;
}
