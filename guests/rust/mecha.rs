//! Functions for Mecha in Rust: the interface of docs/function-abi.md, and what makes it pleasant.
//!
//!     rustc --target wasm32-unknown-unknown --crate-type cdylib -O -C panic=abort -C lto -o hello.wasm hello.rs
//!
//! with `#[path = "mecha.rs"] mod mecha;` in hello.rs. Debian's rustc with libstd-rust-dev-wasm32 needs
//! `-C linker=wasm-ld-14` too.
#![allow(dead_code)]

mod host {
    #[link(wasm_import_module = "mecha")]
    extern "C" {
        pub fn request_read(field: u32, offset: usize, out: *mut u8, capacity: usize) -> i32;
        pub fn request_header(name: *const u8, size: usize, out: *mut u8, capacity: usize) -> i32;
        pub fn response_status(code: u32) -> i32;
        pub fn response_header(name: *const u8, size: usize, value: *const u8, value_size: usize) -> i32;
        pub fn response_write(bytes: *const u8, size: usize) -> i32;
        pub fn result_read(offset: usize, out: *mut u8, capacity: usize) -> i32;
        pub fn result_attribute(name: *const u8, size: usize, out: *mut u8, capacity: usize) -> i32;
        pub fn log(level: u32, text: *const u8, size: usize);
        pub fn time() -> i64;
        pub fn variable(name: *const u8, size: usize, out: *mut u8, capacity: usize) -> i32;
        pub fn settings(out: *mut u8, capacity: usize) -> i32;
        pub fn state_get(
            store: *const u8, store_size: usize, key: *const u8, key_size: usize, options: *const u8, options_size: usize,
            out: *mut u8, capacity: usize,
        ) -> i32;
        pub fn state_set(
            store: *const u8, store_size: usize, key: *const u8, key_size: usize, value: *const u8, value_size: usize,
            options: *const u8, options_size: usize,
        ) -> i32;
        pub fn state_delete(
            store: *const u8, store_size: usize, key: *const u8, key_size: usize, options: *const u8, options_size: usize,
        ) -> i32;
        pub fn publish(
            pubsub: *const u8, pubsub_size: usize, topic: *const u8, topic_size: usize, data: *const u8, data_size: usize,
            options: *const u8, options_size: usize,
        ) -> i32;
        pub fn invoke(
            app: *const u8, app_size: usize, verb: *const u8, verb_size: usize, path: *const u8, path_size: usize,
            headers: *const u8, headers_size: usize, body: *const u8, body_size: usize, out: *mut u8, capacity: usize,
        ) -> i32;
    }
}

/// Why a call of the host failed: a status of docs/function-abi.md and its message.
#[derive(Debug)]
pub struct Failure {
    pub status: i32,
    pub message: String,
}

pub const NOT_FOUND: i32 = -1;

/// Pairs of names and values: options, headers, metadata.
pub type Pairs<'a> = &'a [(&'a str, &'a str)];

fn encode(pairs: Pairs) -> Vec<u8> {
    let mut bytes = (pairs.len() as u32).to_le_bytes().to_vec();
    for (name, value) in pairs {
        for text in [name, value] {
            bytes.extend((text.len() as u32).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}

/// Reads what a call writes, however long it is.
fn read(first: impl FnOnce(*mut u8, usize) -> i32, more: impl FnOnce(*mut u8, usize) -> i32) -> Result<Vec<u8>, i32> {
    let mut bytes = vec![0u8; 1024];
    let size = first(bytes.as_mut_ptr(), bytes.len());
    if size < 0 {
        return Err(size);
    }
    if size as usize > bytes.len() {
        bytes = vec![0u8; size as usize];
        more(bytes.as_mut_ptr(), bytes.len());
    }
    bytes.truncate(size as usize);
    Ok(bytes)
}

fn result(out: *mut u8, capacity: usize) -> i32 {
    unsafe { host::result_read(0, out, capacity) }
}

fn failure(status: i32) -> Failure {
    let message = read(result, result).unwrap_or_default();
    Failure { status, message: String::from_utf8_lossy(&message).into_owned() }
}

fn check(status: i32) -> Result<(), Failure> {
    if status < 0 { Err(failure(status)) } else { Ok(()) }
}

fn field(field: u32) -> Vec<u8> {
    let call = |out, capacity| unsafe { host::request_read(field, 0, out, capacity) };
    read(call, call).unwrap_or_default()
}

/// The request that is served.
pub fn verb() -> String { String::from_utf8_lossy(&field(0)).into_owned() }
pub fn target() -> String { String::from_utf8_lossy(&field(1)).into_owned() }
pub fn body() -> Vec<u8> { field(3) }
pub fn header(name: &str) -> Option<String> {
    let call = |out, capacity| unsafe { host::request_header(name.as_ptr(), name.len(), out, capacity) };
    read(call, call).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// The response: 200 and no body, unless these say otherwise.
pub fn respond_status(code: u32) { unsafe { host::response_status(code); } }
pub fn respond_header(name: &str, value: &str) {
    unsafe { host::response_header(name.as_ptr(), name.len(), value.as_ptr(), value.len()); }
}
pub fn respond(bytes: impl AsRef<[u8]>) { unsafe { host::response_write(bytes.as_ref().as_ptr(), bytes.as_ref().len()); } }

pub fn log(level: u32, text: &str) { unsafe { host::log(level, text.as_ptr(), text.len()) } }

pub fn variable(name: &str) -> Option<String> {
    let call = |out, capacity| unsafe { host::variable(name.as_ptr(), name.len(), out, capacity) };
    read(call, call).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

pub fn get_state(store: &str, key: &str) -> Result<Option<Vec<u8>>, Failure> {
    let call = |out, capacity| unsafe {
        host::state_get(store.as_ptr(), store.len(), key.as_ptr(), key.len(), std::ptr::null(), 0, out, capacity)
    };
    match read(call, result) {
        Ok(value) => Ok(Some(value)),
        Err(NOT_FOUND) => Ok(None),
        Err(status) => Err(failure(status)),
    }
}

pub fn set_state(store: &str, key: &str, value: &[u8], options: Pairs) -> Result<(), Failure> {
    let options = encode(options);
    check(unsafe {
        host::state_set(
            store.as_ptr(), store.len(), key.as_ptr(), key.len(), value.as_ptr(), value.len(), options.as_ptr(), options.len())
    })
}

pub fn delete_state(store: &str, key: &str, options: Pairs) -> Result<(), Failure> {
    let options = encode(options);
    check(unsafe { host::state_delete(store.as_ptr(), store.len(), key.as_ptr(), key.len(), options.as_ptr(), options.len()) })
}

pub fn publish(pubsub: &str, topic: &str, data: &[u8], options: Pairs) -> Result<(), Failure> {
    let options = encode(options);
    check(unsafe {
        host::publish(
            pubsub.as_ptr(), pubsub.len(), topic.as_ptr(), topic.len(), data.as_ptr(), data.len(), options.as_ptr(), options.len())
    })
}

/// Calls an app or another function: the status and the body of its answer.
pub fn invoke(app: &str, verb: &str, path: &str, headers: Pairs, body: &[u8]) -> Result<(u16, Vec<u8>), Failure> {
    let headers = encode(headers);
    let call = |out, capacity| unsafe {
        host::invoke(
            app.as_ptr(), app.len(), verb.as_ptr(), verb.len(), path.as_ptr(), path.len(), headers.as_ptr(), headers.len(),
            body.as_ptr(), body.len(), out, capacity)
    };
    let body = read(call, result).map_err(failure)?;
    let status = |out, capacity| unsafe { host::result_attribute(":status".as_ptr(), 7, out, capacity) };
    let code = read(status, status).unwrap_or_default();
    Ok((String::from_utf8_lossy(&code).parse().unwrap_or(0), body))
}
