//! Values computed from signals and other derived values.

use leptos::prelude::*;
use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

/// A value that is recomputed when its inputs change, and notifies its readers when it differs.
///
/// Why not a `Memo` of each type: a memo is compiled for each type, some 5 KB each; this way it is compiled once.
pub struct Derived<T> {
    memo: Memo<Erased>,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Derived<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Derived<T> {}

struct Erased {
    value: Arc<dyn Any + Send + Sync>,
    equal: fn(&Erased, &Erased) -> bool,
}

impl PartialEq for Erased {
    fn eq(&self, other: &Erased) -> bool {
        (self.equal)(self, other)
    }
}

fn memo(work: Box<dyn Fn() -> Erased + Send + Sync>) -> Memo<Erased> {
    Memo::new(move |_| work())
}

impl<T: Send + Sync + 'static> Derived<T> {
    /// Notifies readers only when the value differs.
    pub fn new(work: impl Fn() -> T + Send + Sync + 'static) -> Derived<T>
    where
        T: PartialEq,
    {
        Derived::with_equal(work, |one, other| {
            one.value.downcast_ref::<T>() == other.value.downcast_ref::<T>()
        })
    }

    /// Notifies readers on each recomputation.
    pub fn always(work: impl Fn() -> T + Send + Sync + 'static) -> Derived<T> {
        Derived::with_equal(work, |_, _| false)
    }

    fn with_equal(
        work: impl Fn() -> T + Send + Sync + 'static,
        equal: fn(&Erased, &Erased) -> bool,
    ) -> Derived<T> {
        Derived {
            memo: memo(Box::new(move || Erased {
                value: Arc::new(work()),
                equal,
            })),
            of: PhantomData,
        }
    }

    fn own(value: Arc<dyn Any + Send + Sync>) -> Arc<T> {
        // Only `with_equal` sets the value, always to a `T`.
        value.downcast().unwrap_or_else(|_| unreachable!())
    }

    pub fn get(self) -> Arc<T> {
        Self::own(self.memo.with(|erased| erased.value.clone()))
    }

    pub fn get_untracked(self) -> Arc<T> {
        Self::own(self.memo.with_untracked(|erased| erased.value.clone()))
    }

    /// Subscribes without using the value. Why by reading: a memo that nobody has read subscribes to nothing.
    pub fn track(self) {
        self.memo.with(|_| ());
    }
}
