// Greets whom the body names, and counts the greetings in the state store `statestore`.

#[path = "mecha.rs"]
mod mecha;

fn greet() -> Result<(), mecha::Failure> {
    let seen = mecha::get_state("statestore", "greetings")?.unwrap_or_default();
    let number = String::from_utf8_lossy(&seen).parse().unwrap_or(0) + 1;
    mecha::set_state("statestore", "greetings", number.to_string().as_bytes(), &[])?;

    let body = mecha::body();
    let name = if body.is_empty() { "world".into() } else { String::from_utf8_lossy(&body) };
    mecha::respond_header("content-type", "text/plain");
    mecha::respond(format!("Hello, {name}! Greeting number {number}.\n"));
    Ok(())
}

#[no_mangle]
pub extern "C" fn handle() -> i32 {
    match greet() {
        Ok(()) => 0,
        Err(failure) => {
            mecha::log(4, &failure.message);
            1
        }
    }
}
