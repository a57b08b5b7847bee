//! Output for the command line.

/// Like `println!`, but ignores a closed pipe (`compagnon doctor | head -1`).
macro_rules! outln {
    ($($text:tt)*) => {
        $crate::console::line(format_args!($($text)*))
    };
}

pub fn line(text: std::fmt::Arguments<'_>) {
    use std::io::Write;
    // Nobody reads the output any more.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Formats the elapsed time, for the last line of a long command.
pub(crate) fn seconds_since(begun: std::time::Instant) -> String {
    format!("{:.1} s", begun.elapsed().as_secs_f64())
}
