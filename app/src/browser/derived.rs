//! Values that are worked out from signals and other such values, each under its own type.

use leptos::prelude::*;
use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

/// A value that is worked out anew when something it reads has changed, and told to who reads it when it differs.
///
/// Why not a `Memo` of each type: the compiler writes all of a memo once for each, some 5 KB; this way once for all.
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
    /// Told only when it differs from what it was.
    pub fn new(work: impl Fn() -> T + Send + Sync + 'static) -> Derived<T>
    where
        T: PartialEq,
    {
        Derived::with_equal(work, |one, other| {
            one.value.downcast_ref::<T>() == other.value.downcast_ref::<T>()
        })
    }

    /// Told whenever it was worked out.
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
        // Only `with_equal` puts a value in, and it is a `T`.
        value.downcast().unwrap_or_else(|_| unreachable!())
    }

    pub fn get(self) -> Arc<T> {
        Self::own(self.memo.with(|erased| erased.value.clone()))
    }

    pub fn get_untracked(self) -> Arc<T> {
        Self::own(self.memo.with_untracked(|erased| erased.value.clone()))
    }

    /// Follows it without needing it. Why by reading: a memo that nobody has read follows nothing itself.
    pub fn track(self) {
        self.memo.with(|_| ());
    }
}
