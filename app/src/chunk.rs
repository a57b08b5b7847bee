//! Screens whose code is in a file of its own: a chunk.
//!
//! # How to make a feature a chunk
//! One function with `#[wasm_split(name, fallible, …, preload(load))]` makes all its screens, as in `learning/screens.rs`; its
//! `FEATURE` names the chunk, and so do its lines in `routes.rs`. One function only: each has its own loader, so a second one
//! would wait once more.
//!
//! Why not `leptos::lazy`: it panics where the file cannot be had, and a phone without a network is no reason to end the app.

use leptos::prelude::*;
use leptos::wasm_split::SplitLoaderError;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use wasm_bindgen_futures::spawn_local;

/// The file is not on the phone, and the network did not bring it.
#[derive(Clone, Copy, Debug)]
pub struct Missing;

impl From<SplitLoaderError> for Missing {
    fn from(_: SplitLoaderError) -> Missing {
        Missing
    }
}

/// The loading of a file. A failure is not remembered: loading again tries again.
pub type Loading = Pin<Box<dyn Future<Output = Result<(), SplitLoaderError>>>>;

/// A file of screens.
#[derive(Clone, Copy, Debug)]
pub struct Chunk(fn() -> Loading);

impl Chunk {
    /// `load`: what `preload(load)` of `wasm_split` makes.
    pub const fn new(load: fn() -> Loading) -> Chunk {
        Chunk(load)
    }

    /// Calls back with whether the file is here: at once where that is known, else when it has come or failed.
    pub fn load(self, then: impl FnOnce(bool) + 'static) {
        let mut loading = (self.0)();
        match poll_once(&mut loading) {
            Poll::Ready(loaded) => then(loaded.is_ok()),
            Poll::Pending => spawn_local(async move { then(loading.await.is_ok()) }),
        }
    }
}

/// A screen of a chunk that is here, made under the caller's reactive owner.
///
/// # Errors
/// Where the chunk is not here.
pub fn screen(made: impl Future<Output = Result<AnyView, Missing>>) -> Result<AnyView, Missing> {
    match poll_once(&mut Box::pin(made)) {
        Poll::Ready(made) => made,
        Poll::Pending => Err(Missing),
    }
}

fn poll_once<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}
