//! Lines for the person at the prompt.

/// Like `println!`, but does not mind when nobody reads any more (`compagnon doctor | head -1`).
macro_rules! outln {
    ($($text:tt)*) => {
        $crate::console::line(format_args!($($text)*))
    };
}

pub fn line(text: std::fmt::Arguments<'_>) {
    use std::io::Write;
    // Nobody is left to be told.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// How long something took, for the last line of a long command.
pub(crate) fn seconds_since(begun: std::time::Instant) -> String {
    format!("{:.1} s", begun.elapsed().as_secs_f64())
}
