//! Fault injection: known faults, each beside the code that it breaks, to show that the checks can fail.
//!
//! `if fault!("log-forgets-a-command") { … }` is the wrong behaviour. Without the feature `fault-switches` the
//! condition is a constant, so a release build contains none of it. With the feature, the fault named by [`VARIABLE`]
//! is on.
//!
//! # How to add one
//! Write it where the guarantee is implemented and name it after the guarantee that it breaks. Add a line with the
//! check that must notice it to `server/tests/mutations/faults.txt`, and run `.ci/mutations NAME`.

/// Environment variable with the name of the fault that is on.
pub const VARIABLE: &str = "COMPAGNON_FAULT";

/// True if this fault is on. The name must be a literal.
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

/// Implements `fault!`; reads the environment once.
#[cfg(feature = "fault-switches")]
pub fn is_on(name: &str) -> bool {
    static ON: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    ON.get_or_init(|| std::env::var(VARIABLE).ok()).as_deref() == Some(name)
}
