//! Work in the background: a panic in it is caught, counted and logged, and never only lost.

use futures_util::FutureExt;
use std::any::Any;
use std::panic::{AssertUnwindSafe, PanicHookInfo};

/// The work panicked; it is counted and logged already.
#[derive(Clone, Debug)]
pub struct Panicked(pub String);

impl std::fmt::Display for Panicked {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "panic: {}", self.0)
    }
}

impl std::error::Error for Panicked {}

/// Runs work. `task` names it in the metric.
///
/// # Errors
/// If it panicked.
pub async fn caught<T>(task: &'static str, work: impl Future<Output = T>) -> Result<T, Panicked> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(|panic| {
        metrics::counter!("compagnon_task_panics_total", "task" => task).increment(1);
        let said = words(panic.as_ref());
        tracing::error!(
            event = "task_panicked",
            task,
            said,
            "work in the background panicked"
        );
        Panicked(said)
    })
}

/// Returns what a panic said.
pub fn words(panic: &(dyn Any + Send)) -> String {
    let said = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    said.unwrap_or("a panic without words").to_owned()
}

/// Makes a panic a line of the log, in the format of the log.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let said = words_of(panic);
        tracing::error!(event = "panic", at, said, "a panic");
    }));
}

fn words_of(panic: &PanicHookInfo<'_>) -> String {
    panic
        .payload_as_str()
        .unwrap_or("a panic without words")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_counted() {
        crate::http::recorder();
        assert_eq!(caught("test", async { 7 }).await.unwrap(), 7);
        let work = async { panic!("a value") };
        let said = caught::<()>("test", work).await.unwrap_err();
        assert_eq!(said.to_string(), "panic: a value");
        let shown = crate::http::recorder().render();
        assert!(
            shown.contains(r#"compagnon_task_panics_total{task="test"} 1"#),
            "{shown}"
        );
    }
}
