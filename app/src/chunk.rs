//! Chunks: screens whose code is in a separate file, loaded on demand.
//!
//! # How to make a feature a chunk
//! One function with `#[wasm_split(name, fallible, …, preload(load))]` makes all its screens, as in `learning/mod.rs`,
//! and a line in `shell::chunk` names its routes. Only one function: each has its own loader, so a second one would
//! wait again.
//!
//! Why not `leptos::lazy`: it panics if the file cannot be loaded; without a network the app must not end.

use leptos::prelude::*;
use leptos::wasm_split::SplitLoaderError;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use wasm_bindgen_futures::spawn_local;

/// The file is neither cached on the phone nor available from the network.
#[derive(Clone, Copy, Debug)]
pub struct Missing;

impl From<SplitLoaderError> for Missing {
    fn from(_: SplitLoaderError) -> Missing {
        Missing
    }
}

/// A future that loads a file. A failure is not cached: loading again retries.
pub type Loading = Pin<Box<dyn Future<Output = Result<(), SplitLoaderError>>>>;

/// A file of screens.
#[derive(Clone, Copy, Debug)]
pub struct Chunk(fn() -> Loading);

impl Chunk {
    /// `load`: the function made by `preload(load)` of `wasm_split`.
    pub const fn new(load: fn() -> Loading) -> Chunk {
        Chunk(load)
    }

    /// Calls `then` with true if the file is loaded: at once if known, otherwise when loading ends.
    pub fn load(self, then: impl FnOnce(bool) + 'static) {
        let mut loading = (self.0)();
        match poll_once(&mut loading) {
            Poll::Ready(loaded) => then(loaded.is_ok()),
            Poll::Pending => spawn_local(async move { then(loading.await.is_ok()) }),
        }
    }
}

/// Makes a screen of a loaded chunk, under the caller's reactive owner.
///
/// # Errors
/// If the chunk is not loaded.
pub fn screen(made: impl Future<Output = Result<AnyView, Missing>>) -> Result<AnyView, Missing> {
    match poll_once(&mut Box::pin(made)) {
        Poll::Ready(made) => made,
        Poll::Pending => Err(Missing),
    }
}

fn poll_once<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}
