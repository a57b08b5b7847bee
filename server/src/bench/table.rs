//! The output: one line per measurement, with our rate, the bare rate, and their ratio.

use crate::fixture::Engine;
use std::time::Duration;

pub fn head() {
    println!(
        "\n{:<10}{:<44}{:>13}{:>13}{:>8}{:>10}",
        "engine", "what", "ours", "bare", "ratio", "at least"
    );
}

/// Rates per second; `least`: the minimum acceptable ratio.
pub fn line(engine: &Engine, what: &str, ours: f64, bare: f64, least: f64) {
    let ratio = ours / bare;
    let word = if ratio < least { "  BELOW" } else { "" };
    println!(
        "{:<10}{what:<44}{ours:>11.0}/s{bare:>11.0}/s{ratio:>8.2}{least:>10.2}{word}",
        engine.name()
    );
}

pub fn scale_head(small: u64, large: u64, most: f64) {
    println!(
        "\n{:<10}{:<44}{:>13}{:>13}{:>8}{:>10}",
        "engine",
        "what",
        format!("{small}"),
        format!("{large}"),
        "ratio",
        "at most"
    );
    println!(
        "{:<10}members, 20 entries each; ln {large} / ln {small} = {most:.2}",
        ""
    );
}

pub fn wallet_head(few: usize, many: usize) {
    println!(
        "\n{:<10}{:<44}{:>13}{:>13}{:>8}{:>10}",
        "engine",
        "what, by entries in the wallet",
        format!("{few}"),
        format!("{many}"),
        "ratio",
        "at most"
    );
}

/// Times at two sizes, or without and with something; `most`: the growth that is acceptable.
pub fn growth(engine: &Engine, what: &str, small: Duration, large: Duration, most: f64) {
    let ratio = large.as_secs_f64() / small.as_secs_f64();
    let word = if ratio > most { "  ABOVE" } else { "" };
    println!(
        "{:<10}{what:<44}{:>10.2} ms{:>10.2} ms{ratio:>8.2}{most:>10.2}{word}",
        engine.name(),
        small.as_secs_f64() * 1e3,
        large.as_secs_f64() * 1e3,
    );
}

pub fn say(engine: &Engine, what: &str, text: &str) {
    println!("{:<10}{what:<44}{text}", engine.name());
}

pub fn millis(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1e3)
}
