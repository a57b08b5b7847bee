//! Known faults, each beside the code that it breaks, to show that the checks can fail.
//!
//! `if fault!("log-forgets-a-command") { … }` is the wrong behaviour. Without the feature `fault-switches` the condition is a
//! constant, and nothing of it is in a release build. With it, the one fault that [`VARIABLE`] names is on.
//!
//! # How to add one
//! Write it where the promise is kept, name it after the promise that it breaks, add a line with the check that must notice
//! it to `server/tests/mutations/faults.txt`, and run `.ci/mutations NAME`.

/// The environment variable that names the fault that is on.
pub const VARIABLE: &str = "COMPAGNON_FAULT";

/// Is this fault on? Takes the name as a literal.
#[macro_export]
macro_rules! fault {
    ($name:literal) => {
        $crate::fault::is_on($name)
    };
}

#[cfg(not(feature = "fault-switches"))]
#[inline(always)]
pub const fn is_on(_: &str) -> bool {
    false
}

/// What `fault!` asks; the environment is read once.
#[cfg(feature = "fault-switches")]
pub fn is_on(name: &str) -> bool {
    static ON: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    ON.get_or_init(|| std::env::var(VARIABLE).ok()).as_deref() == Some(name)
}
