//! Functions for Mecha in Zig: the interface of docs/function-abi.md, and what makes it pleasant.
//!
//!     zig build-exe hello.zig -target wasm32-freestanding -O ReleaseSmall -fno-entry -rdynamic

const host = struct {
    extern "mecha" fn request_read(field: u32, offset: usize, out: [*]u8, capacity: usize) i32;
    extern "mecha" fn request_header(name: [*]const u8, size: usize, out: [*]u8, capacity: usize) i32;
    extern "mecha" fn response_status(code: u32) i32;
    extern "mecha" fn response_header(name: [*]const u8, size: usize, value: [*]const u8, value_size: usize) i32;
    extern "mecha" fn response_write(bytes: [*]const u8, size: usize) i32;
    extern "mecha" fn result_read(offset: usize, out: [*]u8, capacity: usize) i32;
    extern "mecha" fn log(level: u32, text: [*]const u8, size: usize) void;
    extern "mecha" fn variable(name: [*]const u8, size: usize, out: [*]u8, capacity: usize) i32;
    extern "mecha" fn state_get([*]const u8, usize, [*]const u8, usize, [*]const u8, usize, [*]u8, usize) i32;
    extern "mecha" fn state_set([*]const u8, usize, [*]const u8, usize, [*]const u8, usize, [*]const u8, usize) i32;
    extern "mecha" fn state_delete([*]const u8, usize, [*]const u8, usize, [*]const u8, usize) i32;
    extern "mecha" fn publish([*]const u8, usize, [*]const u8, usize, [*]const u8, usize, [*]const u8, usize) i32;
    extern "mecha" fn invoke(
        [*]const u8, usize, [*]const u8, usize, [*]const u8, usize, [*]const u8, usize, [*]const u8, usize, [*]u8, usize,
    ) i32;
};

/// What calls of the host fail with.
pub const Failure = error{ NotFound, Invalid, Denied, Unimplemented, Conflict, Unavailable, Timeout, Limit, Failed };

fn check(status: i32) Failure!usize {
    if (status >= 0) return @intCast(status);
    return switch (status) {
        -1 => error.NotFound,
        -2 => error.Invalid,
        -3 => error.Denied,
        -4 => error.Unimplemented,
        -5 => error.Conflict,
        -6 => error.Unavailable,
        -7 => error.Timeout,
        -8 => error.Limit,
        else => error.Failed,
    };
}

/// The part of `buffer` that a call wrote; what did not fit is left out.
fn written(buffer: []u8, status: i32) Failure![]u8 {
    return buffer[0..@min(try check(status), buffer.len)];
}

pub fn verb(buffer: []u8) Failure![]u8 {
    return written(buffer, host.request_read(0, 0, buffer.ptr, buffer.len));
}
pub fn target(buffer: []u8) Failure![]u8 {
    return written(buffer, host.request_read(1, 0, buffer.ptr, buffer.len));
}
pub fn body(buffer: []u8) Failure![]u8 {
    return written(buffer, host.request_read(3, 0, buffer.ptr, buffer.len));
}
pub fn header(name: []const u8, buffer: []u8) Failure![]u8 {
    return written(buffer, host.request_header(name.ptr, name.len, buffer.ptr, buffer.len));
}

pub fn respondStatus(code: u32) void {
    _ = host.response_status(code);
}
pub fn respondHeader(name: []const u8, value: []const u8) void {
    _ = host.response_header(name.ptr, name.len, value.ptr, value.len);
}
pub fn respond(bytes: []const u8) void {
    _ = host.response_write(bytes.ptr, bytes.len);
}

pub fn log(level: u32, text: []const u8) void {
    host.log(level, text.ptr, text.len);
}
pub fn variable(name: []const u8, buffer: []u8) Failure![]u8 {
    return written(buffer, host.variable(name.ptr, name.len, buffer.ptr, buffer.len));
}
/// The last result, or the message of the last failure.
pub fn result(buffer: []u8) Failure![]u8 {
    return written(buffer, host.result_read(0, buffer.ptr, buffer.len));
}

pub fn getState(store: []const u8, key: []const u8, buffer: []u8) Failure![]u8 {
    return written(buffer, host.state_get(store.ptr, store.len, key.ptr, key.len, "", 0, buffer.ptr, buffer.len));
}
pub fn setState(store: []const u8, key: []const u8, value: []const u8) Failure!void {
    _ = try check(host.state_set(store.ptr, store.len, key.ptr, key.len, value.ptr, value.len, "", 0));
}
pub fn deleteState(store: []const u8, key: []const u8) Failure!void {
    _ = try check(host.state_delete(store.ptr, store.len, key.ptr, key.len, "", 0));
}
pub fn publish(pubsub: []const u8, topic: []const u8, data: []const u8) Failure!void {
    _ = try check(host.publish(pubsub.ptr, pubsub.len, topic.ptr, topic.len, data.ptr, data.len, "", 0));
}
/// Calls an app or another function; answers the body of its answer, whatever its status.
pub fn invoke(app: []const u8, method: []const u8, path: []const u8, data: []const u8, buffer: []u8) Failure![]u8 {
    return written(buffer, host.invoke(
        app.ptr, app.len, method.ptr, method.len, path.ptr, path.len, "", 0, data.ptr, data.len, buffer.ptr, buffer.len,
    ));
}
