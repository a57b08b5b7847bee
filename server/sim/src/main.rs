//! `sync-sim`: simulates phones, a network and a server, all from a seed.
//!
//! Each seed generates a story: members act, rounds are lost, duplicated and cut, phones and the server crash between
//! any two steps, the brand changes its programme, a backup is restored. Then the network recovers and the invariants
//! are checked. A failing story is shrunk and printed in words; its seed reproduces it.

mod checks;
mod phone;
mod server;
mod story;
mod template;
mod world;

use clap::Parser;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;
use story::Step;
use template::Template;
use world::{Checked, Tally, Told};

/// Tells stories of phones without a good network, and checks that nothing is lost or counted twice.
#[derive(Parser)]
struct Arguments {
    /// How many stories.
    #[arg(long, default_value_t = 500)]
    seeds: u64,
    /// The seed of the first.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Only this one, and what happens in it.
    #[arg(long)]
    seed: Option<u64>,
    /// Each story twice: the server must answer the same, else a seed would not tell its story again.
    #[arg(long)]
    twice: bool,
    /// Stories at the same time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

/// Maximum number of stories run to shrink a failing one.
const MOST_SHRINKS: usize = 600;

struct Failure {
    seed: u64,
    what: String,
    story: Vec<Step>,
    steps_before: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A panic is a failure like any other; it is printed with its story.
    std::panic::set_hook(Box::new(|_| {}));
    let template = runtime().block_on(Template::make());
    let template = match template {
        Ok(template) => template,
        Err(error) => {
            eprintln!("the programme of the simulator cannot be made: {error}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(seed) = arguments.seed {
        for (number, step) in story_of(seed).current().iter().enumerate() {
            println!("{:>3}. {step}", number + 1);
        }
    }
    let (from, seeds) = arguments
        .seed
        .map_or((arguments.from, arguments.seeds), |seed| (seed, 1));
    let begun = Instant::now();
    let next = AtomicU64::new(from);
    let stop = AtomicBool::new(false);
    let results: Mutex<(Tally, u64, Vec<Failure>)> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..arguments.jobs.max(1) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + seeds {
                        break;
                    }
                    let told = tell(&template, seed, arguments.twice);
                    let failure = told.as_ref().err().map(|what| {
                        stop.store(true, Ordering::Relaxed);
                        shrunk(&template, seed, arguments.twice, what.clone())
                    });
                    let mut results = results.lock().expect("no panic outside stories");
                    results.0 += told.unwrap_or_default().tally;
                    results.1 += 1;
                    results.2.extend(failure);
                }
            });
        }
    });
    let (tally, told, mut failures) = results.into_inner().expect("no panic outside stories");
    println!(
        "{told} stories in {:.1} s: {tally:?}",
        begun.elapsed().as_secs_f64()
    );
    failures.sort_by_key(|failure| failure.seed);
    let Some(first) = failures.first() else {
        println!("sync-sim: {told} passed, 0 failed");
        return ExitCode::SUCCESS;
    };
    println!(
        "\nseed {} fails; the shortest story found for it ({} of {} steps):",
        first.seed,
        first.story.len(),
        first.steps_before
    );
    for (number, step) in first.story.iter().enumerate() {
        println!("{:>3}. {step}", number + 1);
    }
    println!("then: {}", first.what);
    println!("again: cargo run -p sync-sim -- --seed {}", first.seed);
    println!(
        "sync-sim: {} passed, {} failed",
        told - failures.len() as u64,
        failures.len()
    );
    ExitCode::FAILURE
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made")
}

fn story_of(seed: u64) -> impl ValueTree<Value = Vec<Step>> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    story::stories()
        .new_tree(&mut runner)
        .expect("every story can be drawn")
}

fn tell(template: &Template, seed: u64, twice: bool) -> Checked<Told> {
    tell_story(template, seed, twice, &story_of(seed).current())
}

fn tell_story(template: &Template, seed: u64, twice: bool, story: &[Step]) -> Checked<Told> {
    let told = tell_once(template, seed, story)?;
    if twice && tell_once(template, seed, story)?.answers != told.answers {
        return Err("told again, the server answers otherwise".into());
    }
    Ok(told)
}

fn tell_once(template: &Template, seed: u64, story: &[Step]) -> Checked<Told> {
    std::panic::catch_unwind(AssertUnwindSafe(|| {
        runtime().block_on(world::tell(template, seed, story))
    }))
    .unwrap_or_else(|panic| {
        let words = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("panic: {}", words.unwrap_or("without a word")))
    })
}

/// Returns the shortest story found that still fails.
fn shrunk(template: &Template, seed: u64, twice: bool, what: String) -> Failure {
    let mut tree = story_of(seed);
    let mut failure = Failure {
        seed,
        what,
        story: tree.current(),
        steps_before: tree.current().len(),
    };
    let mut simpler = tree.simplify();
    for _ in 0..MOST_SHRINKS {
        if !simpler {
            break;
        }
        let story = tree.current();
        simpler = match tell_story(template, seed, twice, &story) {
            Err(what) => {
                failure.what = what;
                failure.story = story;
                tree.simplify()
            }
            Ok(_) => tree.complicate(),
        };
    }
    failure
}
